/** Lines of open campaigns that wait for a person. For showing: recent look-ups serve. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import type { PersonCaller } from '../identity/caller.ts';
import type { Deps } from '../deps.ts';
import { eligibleReviewers } from './reviewers.ts';

const LOOKED_AT_MAX = 2_000;

export type WaitingLines = { campaign: Campaign; lines: CampaignLine[] }[];

/** By campaign, the one that is due first in front. */
const linesFor = async (
  deps: Pick<Deps, 'store' | 'directory' | 'policy'>,
  personId: string,
): Promise<WaitingLines> => {
  const waiting: WaitingLines = [];
  for (const line of await deps.store.read.undecidedLines(LOOKED_AT_MAX)) {
    const known = waiting.find(({ campaign }) => campaign.id === line.campaignId);
    const campaign = known?.campaign ?? (await deps.store.read.campaign(line.campaignId))?.campaign;
    if (!campaign) continue;
    const { people } = await eligibleReviewers(deps, { line, campaign, freshness: 'recent' });
    if (!people.some(({ id }) => id === personId)) continue;
    if (known) known.lines.push(line);
    else waiting.push({ campaign, lines: [line] });
  }
  return waiting;
};

export const waitingLines = (deps: Deps, { caller }: { caller: PersonCaller }): Promise<WaitingLines> =>
  linesFor(deps, caller.person.id);
