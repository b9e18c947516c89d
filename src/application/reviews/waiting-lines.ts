/** Lines of open campaigns that wait for a person. For showing: recent look-ups serve. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import { remembering } from '../../lib/remembering.ts';
import type { PersonCaller } from '../identity/caller.ts';
import type { Deps } from '../deps.ts';
import { openReviewers } from './reviewers.ts';

const AT_ONCE = 2_000;

export type WaitingLines = { campaign: Campaign; lines: CampaignLine[] }[];

/** By campaign, the one that is due first in front. Many lines are gone through a batch at a time. */
const linesFor = async (
  deps: Pick<Deps, 'store' | 'directory' | 'policy'>,
  personId: string,
): Promise<WaitingLines> => {
  const waiting = new Map<string, WaitingLines[number]>();
  const viewOf = remembering((id) => deps.store.read.campaign(id));
  let lines: CampaignLine[] = [];
  do {
    lines = await deps.store.read.undecidedLines(lines.at(-1) ?? null, AT_ONCE);
    const reviewersOf = await openReviewers(deps, { lines, freshness: 'recent' });
    for (const line of lines) {
      const campaign = (await viewOf(line.campaignId))?.campaign;
      if (!campaign || !(await reviewersOf({ line, campaign })).people.some(({ id }) => id === personId)) continue;
      const known = waiting.get(campaign.id);
      if (known) known.lines.push(line);
      else waiting.set(campaign.id, { campaign, lines: [line] });
    }
  } while (lines.length === AT_ONCE);
  return [...waiting.values()].toSorted((one, other) => one.campaign.dueAt.getTime() - other.campaign.dueAt.getTime());
};

export const waitingLines = (deps: Deps, { caller }: { caller: PersonCaller }): Promise<WaitingLines> =>
  linesFor(deps, caller.person.id);
