/** The one message of an incident's channel: what it is, what can be requested and who approves, who has access, who waits for whom. */
import type { KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type {
  IncidentBriefing,
  OnCallBriefing,
  TargetBriefing,
} from '../../../application/incidents/incident-types.ts';
import { endingOf, liveOf, overOf, waitingOf } from '../../../application/messages/incident-parts.ts';
import { INCIDENT_WAITING_MAX } from '../../../application/messages/subjects/incident-reach.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import {
  actions,
  approveButton,
  approveChangesButton,
  denyButton,
  incidentAgainButton,
  incidentRequestButton,
  incidentConfirmButton,
  incidentReadButton,
} from './buttons.ts';
import { card, iconOf } from './card.ts';
import type { Card } from './card.ts';
import { incidentSubject } from './incident-subject.ts';
import { sayButtons } from './line-buttons.ts';
import {
  closedLine,
  incidentName,
  liveLine,
  nameOf,
  names,
  reasons,
  roleLine,
  roomName,
  topicQuote,
  unbelieved,
  waitingLines,
} from './incident-lines.ts';
import {
  INCIDENT_LINES_MAX,
  INCIDENT_TARGETS_MAX,
  MESSAGE_BLOCKS_MAX,
  SECTION_TEXT_MAX,
  TITLE_SHOWN_MAX,
} from './limits.ts';
import { context, cut, date, inline, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';

export type PromptDrawing = {
  briefing: IncidentBriefing;
  policy: Policy;
  /** Of requests that wait: in words, whose answer; by request id. */
  missing: ReadonlyMap<string, string>;
  /** Requests whose own approval message stands in this very channel: there they are decided, and not here as well. */
  askedHere: ReadonlySet<string>;
  /** The incident was closed and opened again since this message was posted: a newer one has everything. */
  isOld: boolean;
  /** Why this reader has it directly instead of in the channel; null in the channel. */
  detour: string | null;
};

/** Together with the numbers of entries these keep the whole message below `MESSAGE_TOTAL_MAX`. */
const LINE_MAX = 200;
const TARGET_TEXT_MAX = 500;
const WAITING_TEXT_MAX = 400;
const ABOUT_TEXT_MAX = 800;
const SMALL_TEXT_MAX = 600;

/** `Incident #inc-42 · sev1` */
export const headline = (incident: { channelName: string; severity: string }, rest = ''): string =>
  `Incident ${incidentName(incident)}${rest}`;

const withRest = (lines: string[], most: number): string[] => {
  const rest = lines.length - most;
  return rest > 0 ? [...lines.slice(0, most), `and ${rest} more`] : lines;
};

export const listSection = (title: string, lines: string[]): KnownBlock =>
  section(
    cut(
      [`*${title}*`, ...withRest(lines, INCIDENT_LINES_MAX).map((line) => cut(line, LINE_MAX))].join('\n'),
      SECTION_TEXT_MAX,
    ),
  );

const onCallOf = ({ group, people }: OnCallBriefing, now: Date): string => {
  const name = inline(group, TITLE_SHOWN_MAX);
  if (people === null) return `${name}: *could not be looked up* at ${date(now, now)}`;
  return people.length > 0 ? `${names(people)} (${name})` : `no one (${name})`;
};

const onCallLine = (onCall: readonly OnCallBriefing[], now: Date): string | null =>
  onCall.length > 0
    ? `*On call:* ${onCall
        .slice(0, 5)
        .map((one) => onCallOf(one, now))
        .join(' · ')}`
    : null;

const openedLine = ({ briefing: { view } }: PromptDrawing): string => {
  const by = view.openedBy ? ` by ${nameOf(view.openedBy)}` : '';
  return `Open since ${date(view.incident.openedAt, view.now)}${by}`;
};

const about = ({ briefing: { view, onCall }, detour }: PromptDrawing): KnownBlock[] => {
  const topic = topicQuote(view.incident);
  const lines = [onCallLine(onCall, view.now), detour].filter((line) => line !== null);
  return [
    ...(topic ? [section(topic)] : []),
    ...(lines.length > 0 ? [section(cut(lines.join('\n'), ABOUT_TEXT_MAX))] : []),
  ];
};

/** Where several targets are named, each button says which it is for. */
const targetBlocks = (incidentId: string, briefing: TargetBriefing, isFirst: boolean): KnownBlock[] => {
  const { target, title, why, roles, readNow } = briefing;
  const because = reasons(why);
  const name = inline(title || target, TITLE_SHOWN_MAX);
  const deciders = roles.map(roleLine).join(' · ');
  const line = [`*${name}*${because ? ` (${because})` : ''}`, deciders].filter(Boolean).join(': ');
  const subject = { incidentId, target };
  const ask = incidentRequestButton(
    incidentSubject(subject),
    isFirst ? 'Request access' : `Request access: ${title || target}`,
  );
  const read = readNow ? [incidentReadButton(incidentSubject({ ...subject, role: readNow.role }))] : [];
  return [section(cut(line, TARGET_TEXT_MAX)), actions(...read, ask)];
};

const targets = ({ briefing }: PromptDrawing): KnownBlock[] => {
  const { id } = briefing.view.incident;
  const shown = briefing.targets.slice(0, INCIDENT_TARGETS_MAX);
  const other = incidentRequestButton(
    incidentSubject({ incidentId: id }),
    shown.length > 0 ? 'Something else' : 'Request access',
  );
  return [
    ...(shown.length === 0 ? [section('No target matches this incident yet.')] : []),
    ...shown.flatMap((target, at) => targetBlocks(id, target, at === 0)),
    actions(other, ...(overOf(briefing.view).length > 0 ? [incidentAgainButton(id)] : [])),
  ];
};

const waitingBlocks = (drawing: PromptDrawing, view: RequestView): KnownBlock[] => {
  const { policy, missing, askedHere } = drawing;
  const { request } = view;
  const { id } = request;
  const words = section(cut(waitingLines(policy, view, missing.get(id) ?? null), WAITING_TEXT_MAX));
  if (askedHere.has(id)) return [words];
  return [words, actions(approveButton(request), approveChangesButton(request), denyButton(request))];
};

const waiting = (drawing: PromptDrawing): KnownBlock[] => {
  const views = waitingOf(drawing.briefing.view);
  if (views.length === 0) return [];
  const rest = views.length - INCIDENT_WAITING_MAX;
  return [
    section('*Waits for approval*'),
    ...views.slice(0, INCIDENT_WAITING_MAX).flatMap((view) => waitingBlocks(drawing, view)),
    ...(rest > 0 ? [context(`and ${rest} more; approvers were notified where their targets say`)] : []),
  ];
};

/** That no one is stands in small: the prompt is short when it is needed most. */
const inside = ({ briefing: { view }, policy }: PromptDrawing): KnownBlock[] => {
  const live = liveOf(view).map((one) => liveLine(policy, one, view.incident));
  return live.length > 0 ? [listSection('Who has access now', live)] : [];
};

const UNCONFIRMED =
  '*Not confirmed yet.* Anyone can make a channel: until a person who may open incidents confirms this one, rules about incidents do not apply here.';

const WHEN_IT_ENDS = {
  keep: 'Access that is taken here runs to its own expiry.',
  end: 'Access that is taken here ends with the incident: archive the channel, or type `/prod-access incident close`.',
};

const small = ({ briefing, policy }: PromptDrawing): KnownBlock => {
  const { view, unknown } = briefing;
  const over = overOf(view).length;
  const empty = liveOf(view).length === 0 ? 'No one has access through this incident. ' : '';
  const lines = [
    unknown.length > 0
      ? `Could not be looked up at ${date(view.now, view.now)}: ${inline(unknown.join(', '), TITLE_SHOWN_MAX)}. Approvers decide where that matters.`
      : null,
    over > 0
      ? `${over} more ${over === 1 ? 'is' : 'are'} over; \`/prod-access incident timeline\` shows all of it.`
      : null,
    `${empty}${WHEN_IT_ENDS[policy.incidents?.onClose === 'keep' ? 'keep' : 'end']}`,
  ];
  return context(cut(lines.filter((line) => line !== null).join('\n'), SMALL_TEXT_MAX));
};

const confirming = ({ incident }: PromptDrawing['briefing']['view']): KnownBlock[] => {
  if (incident.confirmedAt === null) return [context(UNCONFIRMED), actions(incidentConfirmButton(incident.id))];
  const unseen = unbelieved(incident);
  return unseen === null ? [] : [context(unseen.words), actions(...sayButtons(unseen.says))];
};

const openCard = (drawing: PromptDrawing): Omit<Card, 'text'> => {
  const { view } = drawing.briefing;
  return {
    tone: 'alarm',
    head: [section(cut(`${iconOf('alarm')} *${headline(view.incident)}* · ${openedLine(drawing)}`, SECTION_TEXT_MAX))],
    body: [
      ...about(drawing),
      ...confirming(view),
      ...targets(drawing),
      ...inside(drawing),
      ...waiting(drawing),
      small(drawing),
    ],
  };
};

const OVER = 'No one has access through this incident any more.';

/** What is still in there after the close, in the words of the database. */
export const afterClose = ({ briefing: { view } }: Pick<PromptDrawing, 'briefing'>): string => {
  const { endsAt } = view.incident;
  const [live, ending] = [liveOf(view).length, endingOf(view).length];
  if (live === 0) return OVER;
  if (ending === 0) return 'Access that is still live runs to its own expiry.';
  if (endsAt && endsAt > view.now) return `*Access ends at ${date(endsAt, view.now)}.*`;
  return 'Access is being ended; it is over when its target confirms that.';
};

const closedCard = (drawing: PromptDrawing): Omit<Card, 'text'> => {
  const { view } = drawing.briefing;
  const live = liveOf(view).map((one) => liveLine(drawing.policy, one, view.incident));
  const lines = [`${closedLine(view)} ${afterClose(drawing)}`, drawing.detour].filter((line) => line !== null);
  const tone = live.length > 0 ? 'trouble' : 'over';
  return {
    tone,
    head: [section(`${iconOf(tone)} *${headline(view.incident, ' is closed')}*`)],
    body: [
      section(cut(lines.join('\n'), SECTION_TEXT_MAX)),
      ...(live.length > 0 ? [listSection('Who has access now', live)] : []),
    ],
  };
};

const oldCard = (): Omit<Card, 'text'> => ({
  tone: 'over',
  head: [section(`${iconOf('over')} An earlier message of this incident. The newest one below is current.`)],
  body: [],
});

const notification = ({ briefing: { view, onCall } }: PromptDrawing): string => {
  const name = incidentName(view.incident);
  if (view.incident.state === 'closed') return `Incident ${name} is closed.`;
  const who = onCallLine(onCall, view.now)?.replaceAll('*', '');
  return `Incident ${name}: request access here.${who ? ` ${who}.` : ''}`;
};

export const promptMessage = (drawing: PromptDrawing): Message => {
  const isOpen = drawing.briefing.view.incident.state === 'open';
  const { body, ...rest } = drawing.isOld ? oldCard() : isOpen ? openCard(drawing) : closedCard(drawing);
  return card({ ...rest, text: notification(drawing), body: body.slice(0, MESSAGE_BLOCKS_MAX - 1) });
};

/** To admins: the channel of an incident that we cannot post in, and what is to be done. */
export const noticeMessage = ({ briefing: { view }, detour }: PromptDrawing): Message => {
  const words = `An incident goes on in ${roomName(view.incident)}`;
  return card({
    tone: 'alarm',
    text: `${words}. ${detour ?? ''}`,
    head: [section(`${iconOf('alarm')} *${words}*`)],
    body: detour === null ? [] : [section(cut(detour, SECTION_TEXT_MAX))],
  });
};

/** `one of owners and one of sre` */
export const missingWords = (missing: readonly { label: string; count: number }[]): string =>
  sentenceList(
    missing.map(({ label, count }) => `${count === 1 ? 'one' : count} of ${inline(label, TITLE_SHOWN_MAX)}`),
  );
