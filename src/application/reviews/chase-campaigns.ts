/** Reminds reviewers, and does at the deadline what silence means: the admins may decide, too, or the rest is kept. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Campaign } from '../../domain/reviews/campaign.ts';
import type { Deps, Tx } from '../deps.ts';

const AT_ONCE = 100;
const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;
const BY_SILENCE = 'Kept because no reviewer decided before the deadline.';

const keepBySilence = async (tx: Tx, { id, name }: Campaign): Promise<void> => {
  const bySilence = await tx.campaigns.keepRest(id, BY_SILENCE);
  await tx.audit.append({
    ...NOWHERE,
    type: 'campaign.closed',
    data: { campaign: id, name, undecided: bySilence, bySilence },
  });
};

const chase = async (tx: Tx, campaign: Campaign, now: Date): Promise<void> => {
  const { id, name, reminders, dueAt, silence, overdueAt } = campaign;
  const isOverdue = now >= dueAt;
  if (isOverdue && silence === 'keep') return keepBySilence(tx, campaign);
  const isFirst = isOverdue && overdueAt === null;
  await tx.campaigns.chase(id, isFirst);
  const data = { campaign: id, dueAt: dueAt.toISOString(), reminders: reminders + 1 };
  if (isFirst) await tx.audit.append({ ...NOWHERE, type: 'campaign.overdue', data: { ...data, name } });
  else await tx.audit.append({ ...NOWHERE, type: 'campaign.reminded', data });
  await tx.outbox.add('campaign', id);
};

export const chaseCampaigns = (deps: Pick<Deps, 'store'>): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const due = await tx.campaigns.lockToChase(AT_ONCE);
    if (due.length === 0) return 0;
    const now = await tx.now();
    for (const campaign of due) await chase(tx, campaign, now);
    return due.length;
  });
