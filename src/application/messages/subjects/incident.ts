/** The messages of an incident: its prompt, the warning when it is closed, and the timeline at its end. */
import type { IncidentBriefing, IncidentTimeline } from '../../incidents/incident-types.ts';
import { incidentBriefing } from '../../queries/incident-briefing.ts';
import { incidentTimeline } from '../../queries/incident-view.ts';
import type { IncidentContent } from '../channel.ts';
import type { MessageCopy, Place } from '../message-ports.ts';
import { placeOf } from '../scene.ts';
import type { OpenScene, SceneDeps } from '../scene.ts';
import { findIncidentReach, lookUpWaiting } from './incident-reach.ts';
import type { WaitingFacts } from './incident-reach.ts';
import { isIncidentCurrent, wantedIncidentCopies } from './incident-wanted.ts';
import type { IncidentReach } from './incident-wanted.ts';

type Copy = MessageCopy<'incident'>;
type Known = { briefing: IncidentBriefing; reach: IncidentReach; waiting: WaitingFacts; timeline: Timeline };
type Timeline = () => Promise<IncidentTimeline | null>;

/** An archived channel takes nothing, and may be opened again. */
const COMES_BACK = 'is_archived';

const once = (deps: SceneDeps, id: string): Timeline => {
  let timeline: Promise<IncidentTimeline | null> | null = null;
  return () => (timeline ??= incidentTimeline(deps, { id }));
};

const refusalOf = (copies: readonly Copy[], channelId: string, part: number): string | null =>
  copies.find((copy) => copy.kind === 'prompt' && copy.audience === channelId && copy.part === part)?.failure ?? null;

/** Files go under the timeline of the same place and close. */
const underTimeline = ({ audience, part }: Copy, copies: readonly Copy[]): Place | null => {
  const timeline = copies.find((copy) => copy.kind === 'timeline' && copy.audience === audience && copy.part === part);
  return timeline ? placeOf(timeline) : null;
};

const contentOf = async (
  policy: IncidentContent['policy'],
  { briefing, reach, waiting, timeline }: Known,
  { copy, copies }: { copy: Copy; copies: readonly Copy[] },
): Promise<IncidentContent | null> => {
  const { kind, audience, part } = copy;
  const shows = kind === 'timeline' || kind === 'files' ? await timeline() : null;
  if (kind === 'timeline' && !shows) return null;
  if (kind === 'files' && (!shows || !underTimeline(copy, copies))) return null;
  return {
    ...{ subject: 'incident', kind, audience, policy, briefing, ...waiting },
    isOld: part < reach.openings - 1,
    refusal: refusalOf(copies, briefing.view.incident.channelId, part),
    timeline: shows,
  };
};

export const openIncidentScene: OpenScene<'incident'> = async (deps, id) => {
  const briefing = await incidentBriefing(deps, { id });
  if (!briefing) return null;
  const reach = await findIncidentReach(deps, briefing);
  const known: Known = { briefing, reach, waiting: await lookUpWaiting(deps, briefing), timeline: once(deps, id) };
  const { view } = briefing;
  const isPosted = ({ ts }: Copy): boolean => ts !== null;
  // What stands in an archived channel cannot be changed, and is updated if it is ever opened again.
  const isOutOfReach = ({ audience }: Copy): boolean =>
    audience === view.incident.channelId && view.incident.isArchived;
  return {
    version: view.version,
    wanted: (copies) => wantedIncidentCopies(view, reach, copies),
    isCurrent: (copy) => isIncidentCurrent(view, reach, copy),
    // Who is on call may change without the incident changing.
    isWatched: ({ kind }) => kind === 'prompt',
    isStill: (copy) => isPosted(copy) && (copy.kind === 'files' || isOutOfReach(copy)),
    isLater: ({ kind }) => kind === 'files',
    isPassing: (code) => code === COMES_BACK,
    threadOf: (copy, copies) => (copy.kind === 'files' ? underTimeline(copy, copies) : null),
    content: (copy, copies) => contentOf(deps.policy(), known, { copy, copies }),
  };
};
