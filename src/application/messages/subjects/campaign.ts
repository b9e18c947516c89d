/** Sends each reviewer the lines of a review campaign that wait for them; each reminder is a message of its own. */
import type { Campaign, CampaignLine } from '../../../domain/reviews/campaign.ts';
import { eligibleReviewers } from '../../reviews/reviewers.ts';
import type { OpenScene, SceneDeps } from '../scene.ts';

/** By Slack id. */
const linesByReviewer = async (deps: SceneDeps, campaign: Campaign): Promise<Map<string, CampaignLine[]>> => {
  const waiting = new Map<string, CampaignLine[]>();
  const lines = await deps.store.read.lines(campaign.id);
  for (const line of lines.filter(({ decision }) => decision === null)) {
    const { people } = await eligibleReviewers(deps, { line, campaign, freshness: 'recent' });
    for (const { userId } of people) waiting.set(userId, [...(waiting.get(userId) ?? []), line]);
  }
  return waiting;
};

export const openCampaign: OpenScene<'campaign'> = async (deps, id) => {
  const view = await deps.store.read.campaign(id);
  if (view?.campaign.state !== 'open') return null;
  const { campaign } = view;
  const waiting = await linesByReviewer(deps, campaign);
  if (waiting.size === 0) deps.log.warn({ campaign: id }, 'no reviewer can decide on the lines of this review');
  const linesOf = (audience: string): CampaignLine[] => waiting.get(audience) ?? [];
  return {
    version: 1,
    wanted: () => [...waiting.keys()].map((audience) => ({ kind: 'lines', audience, part: campaign.reminders })),
    isCurrent: ({ part, audience }) => part === campaign.reminders && linesOf(audience).length > 0,
    content: ({ audience }) => ({ subject: 'campaign', campaign, lines: linesOf(audience) }),
  };
};
