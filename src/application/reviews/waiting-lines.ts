/** Lines of open campaigns that wait for a person. For showing: recent look-ups serve. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import type { PersonCaller } from '../identity/caller.ts';
import type { Deps } from '../deps.ts';
import { openReviewers } from './reviewers.ts';

const LOOKED_AT_MAX = 2_000;

export type WaitingLines = { campaign: Campaign; lines: CampaignLine[] }[];

/** By campaign, the one that is due first in front. */
const linesFor = async (
  deps: Pick<Deps, 'store' | 'directory' | 'policy'>,
  personId: string,
): Promise<WaitingLines> => {
  const waiting: WaitingLines = [];
  const lines = await deps.store.read.undecidedLines(LOOKED_AT_MAX);
  const reviewersOf = await openReviewers(deps, { lines, freshness: 'recent' });
  for (const line of lines) {
    const known = waiting.find(({ campaign }) => campaign.id === line.campaignId);
    const campaign = known?.campaign ?? (await deps.store.read.campaign(line.campaignId))?.campaign;
    if (!campaign) continue;
    const { people } = await reviewersOf({ line, campaign });
    if (!people.some(({ id }) => id === personId)) continue;
    if (known) known.lines.push(line);
    else waiting.push({ campaign, lines: [line] });
  }
  return waiting;
};

export const waitingLines = (deps: Deps, { caller }: { caller: PersonCaller }): Promise<WaitingLines> =>
  linesFor(deps, caller.person.id);
