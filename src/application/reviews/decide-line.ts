/** A reviewer keeps a line, or says what is to be changed. Nothing is changed by that: the policy is. */
import { DomainError } from '../../domain/errors.ts';
import type { CampaignView, CampaignLine, LineDecision } from '../../domain/reviews/campaign.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { actorOf } from '../record/audit-entry.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps } from '../deps.ts';
import { openReviewers } from './reviewers.ts';

export type DecideLineInput = { caller: PersonCaller; lineId: string; decision: LineDecision; note: string | null };
export type DecidedLine = { line: CampaignLine; view: CampaignView };

const NOWHERE = { requestId: null, grantId: null, target: null, role: null } as const;

const mustFind = async (deps: Deps, lineId: string): Promise<DecidedLine> => {
  const line = await deps.store.read.line(lineId);
  const view = line && (await deps.store.read.campaign(line.campaignId));
  if (!line || !view) throw new DomainError('line_not_found', { id: lineId });
  return { line, view };
};

const demandReviewer = async (deps: Deps, { caller }: DecideLineInput, { line, view }: DecidedLine): Promise<void> => {
  const { person } = caller;
  const refusal = { type: 'campaign.refused', person, data: { campaign: line.campaignId, line: line.id } } as const;
  const reviewersOf = await openReviewers(deps, { lines: [line], freshness: 'fresh' });
  const looked = await reviewersOf({ line, campaign: view.campaign });
  const { people, failures, isAbout, unsure } = looked;
  if (isAbout(person)) return refuse(deps, refusal, new DomainError('own_line', { id: line.id }));
  const [unknown] = unsure;
  if (unknown) throw unknown;
  if (people.some(({ id }) => id === person.id)) return;
  const [failure] = failures;
  if (failure) throw failure;
  return refuse(deps, refusal, new DomainError('not_a_reviewer', { labels: line.reviewers }));
};

export const decideLine = async (deps: Deps, input: DecideLineInput): Promise<DecidedLine> => {
  const { caller, decision, lineId } = input;
  const note = input.note?.trim() || null;
  const found = await mustFind(deps, lineId);
  await demandReviewer(deps, input, found);
  if (decision === 'change' && note === null) throw new DomainError('line_note_missing');
  const isDecided = await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(caller.person);
    // The last two lines may be decided at once: without the lock neither would see that it is the last.
    await tx.campaigns.find(found.line.campaignId);
    if (!(await tx.campaigns.decide(lineId, { decision, byPersonId: caller.person.id, note }))) return false;
    const about = { campaign: found.line.campaignId, line: lineId };
    const data = { ...about, decision, subject: found.line.subject, note };
    await tx.audit.append({ ...NOWHERE, type: 'campaign.decided', actor: actorOf(caller.person), data });
    const { isClosed } = await tx.campaigns.closeWhenDone(found.line.campaignId);
    if (isClosed) {
      const { campaignId: campaign } = found.line;
      const done = { campaign, name: found.view.campaign.name, undecided: 0, bySilence: 0 };
      await tx.audit.append({ ...NOWHERE, type: 'campaign.closed', actor: actorOf(caller.person), data: done });
    }
    return true;
  });
  const after = await mustFind(deps, lineId);
  if (!isDecided) throw new DomainError('line_decided', { by: after.line.decidedBy?.name ?? null });
  return after;
};
