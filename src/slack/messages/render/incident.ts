/** The one message of an incident's channel: what it is, what to enter and who lets in, who is in there, who waits for whom. */
import type { KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type {
  IncidentBriefing,
  OnCallBriefing,
  TargetBriefing,
} from '../../../application/incidents/incident-types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import {
  actions,
  approveButton,
  approveChangesButton,
  denyButton,
  incidentAgainButton,
  incidentAskButton,
  incidentConfirmButton,
  incidentReadButton,
} from './buttons.ts';
import { incidentSubject } from './incident-subject.ts';
import {
  closedLine,
  endingOf,
  incidentName,
  liveLine,
  liveOf,
  nameOf,
  names,
  overOf,
  reasons,
  roleLine,
  roomName,
  topicQuote,
  unbelieved,
  waitingLines,
  waitingOf,
} from './incident-lines.ts';
import {
  HEADER_TEXT_MAX,
  INCIDENT_LINES_MAX,
  INCIDENT_TARGETS_MAX,
  INCIDENT_WAITING_MAX,
  MESSAGE_BLOCKS_MAX,
  MESSAGE_TEXT_MAX,
  SECTION_TEXT_MAX,
  TITLE_SHOWN_MAX,
} from './limits.ts';
import { context, cut, date, divider, inline, plain, section, sentenceList } from './text.ts';
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
  /** Why it is told to somebody directly instead of in the channel; null in the channel. */
  detour: string | null;
};

/** Together with the numbers of entries these keep the whole message below `MESSAGE_TOTAL_MAX`. */
const LINE_MAX = 200;
const TARGET_TEXT_MAX = 500;
const WAITING_TEXT_MAX = 400;
const ABOUT_TEXT_MAX = 800;
const SMALL_TEXT_MAX = 600;

export const header = (text: string): KnownBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: plain(text, HEADER_TEXT_MAX), emoji: false },
});

export const headline = ({ channelName, severity }: { channelName: string; severity: string }): string =>
  `Incident #${channelName}${severity ? ` · ${severity}` : ''}`;

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
  return people.length > 0 ? `${names(people)} (${name})` : `nobody (${name})`;
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
  return `Open since ${date(view.incident.openedAt, view.now)}${by}.`;
};

const about = ({ briefing: { view, onCall }, detour }: PromptDrawing, opened: string): KnownBlock[] => {
  const topic = topicQuote(view.incident);
  const lines = [opened, onCallLine(onCall, view.now), detour].filter((line) => line !== null);
  return [...(topic ? [section(topic)] : []), section(cut(lines.join('\n'), ABOUT_TEXT_MAX))];
};

const targetBlocks = (incidentId: string, { target, title, why, roles, readNow }: TargetBriefing): KnownBlock[] => {
  const because = reasons(why);
  const lines = [
    `*${inline(title || target, TITLE_SHOWN_MAX)}*${because ? `  _${because}_` : ''}`,
    ...roles.map((role) => `• ${roleLine(role)}`),
  ];
  const subject = { incidentId, target };
  const ask = incidentAskButton(incidentSubject(subject));
  return [
    section(cut(lines.join('\n'), TARGET_TEXT_MAX)),
    readNow ? actions(incidentReadButton(incidentSubject({ ...subject, role: readNow.role })), ask) : actions(ask),
  ];
};

const targets = ({ briefing }: PromptDrawing): KnownBlock[] => {
  const { id } = briefing.view.incident;
  const shown = briefing.targets.slice(0, INCIDENT_TARGETS_MAX);
  const other = incidentAskButton(
    incidentSubject({ incidentId: id }),
    shown.length > 0 ? 'Something else' : 'Request access',
  );
  return [
    ...(shown.length === 0 ? [section('Nothing points at a target yet.')] : []),
    ...shown.flatMap((target) => targetBlocks(id, target)),
    actions(other, ...(overOf(briefing.view).length > 0 ? [incidentAgainButton(id)] : [])),
  ];
};

const waitingBlocks = (drawing: PromptDrawing, view: RequestView): KnownBlock[] => {
  const { policy, missing, askedHere } = drawing;
  const { id } = view.request;
  const words = section(cut(waitingLines(policy, view, missing.get(id) ?? null), WAITING_TEXT_MAX));
  return askedHere.has(id) ? [words] : [words, actions(approveButton(id), approveChangesButton(id), denyButton(id))];
};

const waiting = (drawing: PromptDrawing): KnownBlock[] => {
  const views = waitingOf(drawing.briefing.view);
  if (views.length === 0) return [];
  const rest = views.length - INCIDENT_WAITING_MAX;
  return [
    section('*Waits for approval*'),
    ...views.slice(0, INCIDENT_WAITING_MAX).flatMap((view) => waitingBlocks(drawing, view)),
    ...(rest > 0 ? [context(`and ${rest} more; approvers were asked where their targets say`)] : []),
  ];
};

const inside = ({ briefing: { view }, policy }: PromptDrawing): KnownBlock => {
  const live = liveOf(view).map((one) => liveLine(policy, one, view.incident));
  return listSection('In there now', live.length > 0 ? live : ['Nobody has access through this incident.']);
};

const UNVOUCHED =
  '*Not confirmed yet:* anyone can make a channel, so rules that look at an incident let in only those who may open one, until one of them confirms it.';

const small = ({ briefing, policy }: PromptDrawing): KnownBlock => {
  const { view, unknown } = briefing;
  const over = overOf(view).length;
  const lines = [
    unknown.length > 0
      ? `Could not be looked up at ${date(view.now, view.now)}: ${inline(unknown.join(', '), TITLE_SHOWN_MAX)}. What hangs on it is left to people.`
      : null,
    over > 0
      ? `${over} more ${over === 1 ? 'is' : 'are'} over: \`/prod-access incident timeline\` shows all of it.`
      : null,
    policy.incidents?.onClose === 'keep'
      ? 'What is taken here runs to its own end.'
      : 'What is taken here ends when the incident does: when the channel is archived, or by `/prod-access incident close`.',
  ];
  return context(cut(lines.filter((line) => line !== null).join('\n'), SMALL_TEXT_MAX));
};

const openBlocks = (drawing: PromptDrawing): KnownBlock[] => {
  const { incident } = drawing.briefing.view;
  const isVouched = incident.vouchedAt !== null;
  const unseen = unbelieved(incident);
  return [
    header(headline(incident)),
    ...about(drawing, openedLine(drawing)),
    ...(isVouched ? [] : [context(UNVOUCHED), actions(incidentConfirmButton(incident.id))]),
    ...(unseen ? [context(unseen)] : []),
    divider,
    ...targets(drawing),
    divider,
    inside(drawing),
    ...waiting(drawing),
    small(drawing),
  ];
};

const OVER = 'Nobody has access through this incident any more.';

/** What is still in there after the close, in the words of the database. */
export const afterClose = ({ briefing: { view } }: Pick<PromptDrawing, 'briefing'>): string => {
  const { endsAt } = view.incident;
  const [live, ending] = [liveOf(view).length, endingOf(view).length];
  if (live === 0) return OVER;
  if (ending === 0) return `What is still in there runs to its own end.`;
  if (endsAt && endsAt > view.now) return `*Access ends at ${date(endsAt, view.now)}.*`;
  return 'Access is being ended; it is over when its target has confirmed it.';
};

const closedBlocks = (drawing: PromptDrawing): KnownBlock[] => {
  const { view } = drawing.briefing;
  const live = liveOf(view).map((one) => liveLine(drawing.policy, one, view.incident));
  const lines = [closedLine(view), afterClose(drawing), drawing.detour].filter((line) => line !== null);
  return [
    header(`${headline(view.incident)} is closed`),
    section(cut(lines.join('\n'), SECTION_TEXT_MAX)),
    ...(live.length > 0 ? [listSection('In there now', live)] : []),
  ];
};

const oldBlocks = (): KnownBlock[] => [
  section('○ An earlier message of this incident: the newest one below has what is so now.'),
];

const notification = ({ briefing: { view, onCall } }: PromptDrawing): string => {
  const name = incidentName(view.incident);
  if (view.incident.state === 'closed') return `Incident ${name} is closed.`;
  const who = onCallLine(onCall, view.now)?.replaceAll('*', '');
  return `Incident ${name}: request access here.${who ? ` ${who}.` : ''}`;
};

export const promptMessage = (drawing: PromptDrawing): Message => {
  const isOpen = drawing.briefing.view.incident.state === 'open';
  const blocks = drawing.isOld ? oldBlocks() : isOpen ? openBlocks(drawing) : closedBlocks(drawing);
  return { text: cut(notification(drawing), MESSAGE_TEXT_MAX), blocks: blocks.slice(0, MESSAGE_BLOCKS_MAX) };
};

/** To admins: the channel of an incident that we cannot post in, and what is to be done. */
export const noticeMessage = ({ briefing: { view }, detour }: PromptDrawing): Message => {
  const words = [`*An incident goes on in ${roomName(view.incident)}.*`, detour ?? ''].join('\n');
  return { text: cut(words, MESSAGE_TEXT_MAX), blocks: [section(cut(words, SECTION_TEXT_MAX))] };
};

/** `one of owners and one of sre` */
export const missingWords = (missing: readonly { label: string; count: number }[]): string =>
  sentenceList(
    missing.map(({ label, count }) => `${count === 1 ? 'one' : count} of ${inline(label, TITLE_SHOWN_MAX)}`),
  );
