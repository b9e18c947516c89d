/** Starts campaigns: by hand, and by the clock in the first days of each period. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Actor } from '../../domain/audit/events.ts';
import { DomainError } from '../../domain/errors.ts';
import { isDue, periodAt } from '../../domain/reviews/campaign.ts';
import type { CampaignPlan } from '../../domain/reviews/campaign.ts';
import type { Deps } from '../deps.ts';
import { populationOf } from './population.ts';

export type ReviewDeps = Pick<Deps, 'store' | 'directory' | 'policy' | 'ids' | 'log'>;
/** `repeated`: there is one of this name and period. `empty`: nothing to decide, so none is started. */
export type Started = { outcome: 'started'; id: string; lines: number } | { outcome: 'repeated' | 'empty' };

const NOWHERE = { requestId: null, grantId: null, target: null, role: null } as const;

const begin = async (deps: ReviewDeps, plan: CampaignPlan, actor: Actor): Promise<Started> => {
  const policy = deps.policy();
  const found = await populationOf(deps, policy, plan);
  if (found.length === 0) return { outcome: 'empty' };
  const { period } = periodAt(plan.every, await deps.store.read.now());
  const id = deps.ids.next();
  const lines = found.map((line, index) => ({ ...line, id: deps.ids.next(), position: index + 1 }));
  const { name, what, silence, withinMs } = plan;
  const isNew = await deps.store.transaction(async (tx) => {
    const campaign = { id, name, what, period, silence, withinMs, policySha256: policy.sha256 };
    if (!(await tx.campaigns.insert(campaign, lines))) return false;
    const data = { campaign: id, what, period, silence, withinMs, lines: lines.length, policy: policy.sha256 };
    await tx.audit.append({ ...NOWHERE, type: 'campaign.started', actor, data: { ...data, name } });
    await tx.outbox.add('campaign', id);
    return true;
  });
  return isNew ? { outcome: 'started', id, lines: lines.length } : { outcome: 'repeated' };
};

export const startCampaign = async (deps: ReviewDeps, input: { name: string; actor?: Actor }): Promise<Started> => {
  const { reviews } = deps.policy();
  const plan = reviews.find(({ name }) => name === input.name);
  if (!plan) throw new DomainError('campaign_unknown', { name: input.name, names: reviews.map(({ name }) => name) });
  return begin(deps, plan, input.actor ?? SYSTEM);
};

const KNOWN_MAX = 500;

/** One that cannot be started now is tried again at the next sweep. */
export const startDueCampaigns = async (deps: ReviewDeps): Promise<number> => {
  const { reviews } = deps.policy();
  if (reviews.length === 0) return 0;
  const now = await deps.store.read.now();
  const known = await deps.store.read.campaigns(KNOWN_MAX);
  const isStarted = ({ name, every }: CampaignPlan): boolean =>
    known.some(({ campaign }) => campaign.name === name && campaign.period === periodAt(every, now).period);
  let started = 0;
  for (const plan of reviews.filter((one) => isDue(one.every, now) && !isStarted(one))) {
    const { outcome } = await begin(deps, plan, SYSTEM);
    started += outcome === 'started' ? 1 : 0;
  }
  return started;
};
