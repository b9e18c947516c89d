/**
 * Sends each reviewer the lines of a review campaign that wait for them; each reminder is a message of its own. Admins get what history
 * suggests as files, once.
 */
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { Campaign, CampaignLine, CampaignSubject } from '../../../domain/reviews/campaign.ts';
import { readMembers } from '../../identity/members.ts';
import { allAdvice } from '../../reviews/all-advice.ts';
import type { AllAdvice } from '../../reviews/all-advice.ts';
import { adviceFiles } from '../../reviews/made-advice.ts';
import { openReviewers } from '../../reviews/reviewers.ts';
import type { MessageContent, MessageFile } from '../channel.ts';
import type { MessageCopy, WantedCopy } from '../message-ports.ts';
import { placeOf } from '../scene.ts';
import type { OpenScene, SceneDeps } from '../scene.ts';

/** By Slack id. */
const linesByReviewer = async (deps: SceneDeps, campaign: Campaign): Promise<Map<string, CampaignLine[]>> => {
  const waiting = new Map<string, CampaignLine[]>();
  const lines = (await deps.store.read.lines(campaign.id)).filter(({ decision }) => decision === null);
  const reviewersOf = await openReviewers(deps, { lines, freshness: 'recent' });
  for (const line of lines) {
    const { people } = await reviewersOf({ line, campaign });
    for (const { userId } of people) {
      const known = waiting.get(userId);
      if (known) known.push(line);
      else waiting.set(userId, [line]);
    }
  }
  return waiting;
};

/** What advice is about; of the others there is none. */
const ADVISED: readonly CampaignSubject[] = ['roles', 'durations'];

type Advising = { admins: string[]; advice: AllAdvice; files: () => Promise<MessageFile[]> };

/** null where history suggests nothing, or the admins cannot be looked up now. */
const openAdvice = async (deps: SceneDeps, { what, period }: Campaign): Promise<Advising | null> => {
  if (!ADVISED.includes(what)) return null;
  const policy = deps.policy();
  const advice = await allAdvice(deps, policy);
  if (advice.advice.length === 0) return null;
  const from = policy.admins.map((ref) => sourceOf(policy, ref));
  const { people } = await readMembers(deps.directory, null, { from, freshness: 'recent' });
  // The replay goes through all requests of the days: once for all admins, and only where the files are to be sent.
  let made: Promise<MessageFile[]> | null = null;
  const make = async (): Promise<MessageFile[]> =>
    adviceFiles(await deps.makeAdvice(), period).map(({ name, content }) => ({
      name,
      read: () => Promise.resolve(Buffer.from(content)),
    }));
  return { admins: people.map(({ userId }) => userId), advice, files: () => (made ??= make()) };
};

type Copy = MessageCopy<'campaign'>;

const copyAbove = ({ audience }: Copy, copies: readonly Copy[]): Copy | undefined =>
  copies.find((copy) => copy.kind === 'advice' && copy.audience === audience);

const adviceContent = async (
  { campaign, advising }: { campaign: Campaign; advising: Advising },
  copy: Copy,
  copies: readonly Copy[],
): Promise<MessageContent | null> => {
  const { advice, files } = advising;
  if (copy.kind !== 'advice_files') return { subject: 'advice', kind: 'advice', campaign, advice, files: [] };
  if ((copyAbove(copy, copies)?.ts ?? null) === null) return null;
  return { subject: 'advice', kind: 'advice_files', campaign, advice, files: await files() };
};

const adviceWanted = (advising: Advising | null): WantedCopy<'campaign'>[] =>
  (advising?.admins ?? []).flatMap((audience) => [
    { kind: 'advice', audience },
    { kind: 'advice_files', audience },
  ]);

export const openCampaign: OpenScene<'campaign'> = async (deps, id) => {
  const view = await deps.store.read.campaign(id);
  if (view?.campaign.state !== 'open') return null;
  const { campaign } = view;
  const [waiting, advising] = await Promise.all([linesByReviewer(deps, campaign), openAdvice(deps, campaign)]);
  if (waiting.size === 0) deps.log.warn({ campaign: id }, 'no reviewer can decide on the lines of this review');
  const linesOf = (audience: string): CampaignLine[] => waiting.get(audience) ?? [];
  return {
    version: 1,
    wanted: () => [
      ...[...waiting.keys()].map((audience) => ({ kind: 'lines' as const, audience, part: campaign.reminders })),
      ...adviceWanted(advising),
    ],
    isCurrent: ({ kind, part, audience }) =>
      kind === 'lines' ? part === campaign.reminders && linesOf(audience).length > 0 : advising !== null,
    isLater: ({ kind }) => kind === 'advice_files',
    threadOf: (copy, copies) => {
      const above = copy.kind === 'advice_files' ? copyAbove(copy, copies) : undefined;
      return above ? placeOf(above) : null;
    },
    content: (copy, copies) => {
      if (copy.kind === 'lines') return { subject: 'campaign', campaign, lines: linesOf(copy.audience) };
      return advising && adviceContent({ campaign, advising }, copy, copies);
    },
  };
};
