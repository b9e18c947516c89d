/** Which messages an incident should have by now. Pure: what was posted and what was looked up go in, copies come out. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import { ASKED_AT_ONCE } from '../scene.ts';
import { endingOf, waitingOf } from '../incident-parts.ts';
import { isStuck } from '../stuck.ts';
import type { MessageCopy, MessageKindOf, WantedCopy } from '../message-ports.ts';
import type { IncidentView } from '../../incidents/incident-types.ts';

type Wanted = Required<WantedCopy<'incident'>>;

export type IncidentReach = {
  /** How often it was opened and closed; a new opening has a new prompt, a new close a new warning and timeline. */
  openings: number;
  closings: number;
  /** User ids of the one who is on call now. */
  onCall: string[];
  admins: string[];
  /** Channels of targets that somebody got into, and holders where there is none: notified where the incident's own channel cannot be. */
  elsewhere: string[];
};

type Copies = readonly MessageCopy<'incident'>[];

const isLost = (copies: Copies, { kind, audience, part }: Wanted): boolean =>
  copies.some(
    (copy) => copy.kind === kind && copy.audience === audience && copy.part === part && copy.failure !== null,
  );

const all = (kind: MessageKindOf<'incident'>, audiences: readonly string[], part: number): Wanted[] =>
  [...new Set(audiences)].map((audience) => ({ kind, audience, part }));

/** In the channel; where we cannot be there, to the one who is on call; where nobody can be notified so either, admins are. */
const promptCopies = ({ incident }: IncidentView, reach: IncidentReach, copies: Copies): Wanted[] => {
  const part = reach.openings - 1;
  const own: Wanted = { kind: 'prompt', audience: incident.channelId, part };
  if (!isLost(copies, own)) return [own];
  const direct = all('prompt', reach.onCall.slice(0, ASKED_AT_ONCE), part);
  return [own, ...direct, ...all('notice', reach.admins.slice(0, ASKED_AT_ONCE), part)];
};

const isInChannel = ({ incident }: IncidentView, copies: Copies): boolean =>
  !incident.isArchived &&
  copies.some((copy) => copy.kind === 'prompt' && copy.audience === incident.channelId && copy.ts && !copy.failure);

const holdersOf = (view: IncidentView): string[] => [
  ...new Set(endingOf(view).flatMap(({ requester }) => userIdIn(requester) ?? [])),
];

/** What still waits ends with it too; nothing does where the policy lets all of it run on. */
const areWaiting = (view: IncidentView): boolean => view.incident.endsAt !== null && waitingOf(view).length > 0;

/** Nothing of it goes on that ends with the incident: then the timeline is true as it stands. */
const isSettled = (view: IncidentView): boolean => endingOf(view).length === 0 && !areWaiting(view);

/** What does not end is said too, and not waited for. */
const isNotified = (view: IncidentView): boolean =>
  isSettled(view) || (!areWaiting(view) && endingOf(view).every((one) => isStuck(one)));

const hasFiles = (copies: Copies, audience: string, part: number): boolean =>
  copies.some((copy) => copy.kind === 'files' && copy.audience === audience && copy.part === part && copy.ts !== null);

/**
 * Into the channel, or where the access was when the channel takes nothing. Archived or opened later, a channel changes nothing about
 * where all of it was notified already.
 */
const timelineAudiences = (
  { incident: { channelId } }: IncidentView,
  copies: Copies,
  { room, reach: { closings: part, elsewhere } }: { room: string[]; reach: IncidentReach },
): string[] => {
  if (hasFiles(copies, channelId, part)) return [channelId];
  if (elsewhere.length > 0 && elsewhere.every((audience) => hasFiles(copies, audience, part))) return elsewhere;
  const isReached = room.length > 0 && !isLost(copies, { kind: 'timeline', audience: channelId, part });
  return isReached ? room : elsewhere;
};

const closingCopies = (view: IncidentView, reach: IncidentReach, copies: Copies): Wanted[] => {
  const part = reach.closings;
  const wanted: Wanted[] = [];
  const room = isInChannel(view, copies) ? [view.incident.channelId] : [];
  const holders = holdersOf(view);
  if (holders.length > 0 && view.incident.endsAt !== null) wanted.push(...all('closing', [...room, ...holders], part));
  if (view.requests.length === 0 || !isNotified(view)) return wanted;
  const audiences = timelineAudiences(view, copies, { room, reach });
  wanted.push(...all('timeline', audiences, part));
  if (isSettled(view)) wanted.push(...all('files', audiences, part));
  return wanted;
};

export const wantedIncidentCopies = (view: IncidentView, reach: IncidentReach, copies: Copies): Wanted[] =>
  view.incident.state === 'open' ? promptCopies(view, reach, copies) : closingCopies(view, reach, copies);

/** What was planned and never posted is posted only while it is still so. */
export const isIncidentCurrent = (view: IncidentView, reach: IncidentReach, { kind, part }: Wanted): boolean => {
  const isOpen = view.incident.state === 'open';
  const current = {
    prompt: isOpen && part === reach.openings - 1,
    notice: isOpen && part === reach.openings - 1,
    closing: !isOpen && part === reach.closings && endingOf(view).length > 0,
    timeline: !isOpen && part === reach.closings,
    files: !isOpen && part === reach.closings,
  } satisfies Record<MessageKindOf<'incident'>, boolean>;
  return current[kind];
};
