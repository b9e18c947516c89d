/** `/prod-access incident`: what goes on in this channel; opens, grades, closes and opens again. */
import type { IncidentTimeline } from '../../../application/incidents/incident-types.ts';
import { incidentName, roomName, unbelieved } from '../../messages/render/incident-lines.ts';
import { afterClose } from '../../messages/render/incident.ts';
import { timelineMessage } from '../../messages/render/incident-close.ts';
import { actions } from '../../messages/render/buttons.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { Say } from '../../messages/render/line-buttons.ts';
import { inline, section, sentenceList } from '../../messages/render/text.ts';
import { answerWith } from '../answer.ts';
import { roomOf } from '../../messages/channels.ts';
import type { Incident } from '../../../domain/incidents/incident.ts';
import type { CommandCall } from '../context.ts';
import { readChannel } from '../../incident-channels/read-channel.ts';
import type { SeenChannel } from '../../incident-channels/read-channel.ts';
import { sendFiles } from '../../messages/timeline-files.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const NAME = 'incident';

const NO_ROOM = `Type it in the channel of the incident: a direct message has none.`;
const UNSEEN = `Latchkey cannot see this channel. Type \`/invite @latchkey\` here, and then ${typed(NAME)} again. Channels that are shared with another organisation cannot have incidents: its people would see your targets.`;

/** null after saying why. */
const channelOf = async (call: CommandCall): Promise<SeenChannel | null> => {
  const room = roomOf(call.channelId);
  const channel = room ? await readChannel(call.slack.client, room) : null;
  if (!channel) await call.reply({ text: room ? UNSEEN : NO_ROOM });
  else if (channel.isArchived) await call.reply({ text: 'This channel is archived: unarchive it first.' });
  return channel?.isArchived ? null : channel;
};

const SAID = {
  opened: 'is an incident now',
  reopened: 'is open again. Ended access did not come back: request it again',
  confirmed: 'is confirmed: rules about incidents apply to it now',
  open: 'is open',
  renamed: 'has another name since a moment ago, so nothing was confirmed. Look at it and confirm it again',
} as const;

const NOT_YET =
  'You may not open incidents. Until a person who may confirms this one, rules about incidents apply to those people only.';

const open = async (call: CommandCall, severity: string | null): Promise<void> => {
  const channel = await channelOf(call);
  if (!channel) return;
  const { outcome, isConfirmed, incident } = await call.slack.useCases.openIncident({
    userId: call.userId,
    channel,
    severity,
  });
  const graded = incident.severity ? ` (${inline(incident.severity, 20)})` : '';
  const lines = [
    `${roomName(incident)}${graded} ${SAID[outcome]}.`,
    ...(isConfirmed ? [] : [NOT_YET]),
    ...(outcome === 'open' ? [] : ['Latchkey posts here which access you can request, and who approves it.']),
  ];
  if (outcome !== 'open') return call.reply({ text: lines.join(' ') });
  const story = await call.slack.useCases.incidentTimeline({ id: incident.id });
  return story
    ? showTimeline(call, story, { words: lines.join(' '), says: [] })
    : call.reply({ text: lines.join(' ') });
};

const showTimeline = (call: CommandCall, story: IncidentTimeline, before: Standing | null): Promise<void> => {
  const { text, blocks, attachments = [] } = timelineMessage(story, call.slack.policy());
  const buttons = sayButtons(before?.says ?? []);
  const first = before ? [section(before.words), ...(buttons.length > 0 ? [actions(...buttons)] : [])] : [];
  return call.reply({ text: before?.words ?? text, blocks: [...first, ...blocks], attachments });
};

const find = async (call: CommandCall): Promise<IncidentTimeline | null> => {
  const room = roomOf(call.channelId);
  const story = room ? await call.slack.useCases.incidentTimeline({ channelId: room }) : null;
  if (!story)
    await call.reply(room ? answerWith('This channel has no incident.', sayButtons([OPEN])) : { text: NO_ROOM });
  return story;
};

const OPEN: Say = { line: NAME, label: 'Open an incident' };
const REOPEN: Say = { line: `${NAME} reopen`, label: 'Reopen it' };
const CONFIRM: Say = { line: `${NAME} confirm`, label: 'Confirm the incident' };

/** How it stands, and what can be done about that. */
type Standing = { words: string; says: readonly Say[] };

const standingOf = (incident: Incident): Standing => {
  const name = incidentName(incident);
  if (incident.state === 'closed') return { words: `${name} is closed.`, says: [REOPEN] };
  if (incident.confirmedAt === null) return { words: `${name} is open and not confirmed.`, says: [CONFIRM] };
  const unseen = unbelieved(incident);
  return { words: [`${name} is open.`, ...(unseen ? [unseen.words] : [])].join(' '), says: unseen?.says ?? [] };
};

/** What stands in the channel now is taken in as every look does it: in nobody's name, and no rule believes it. */
const lookAnew = async ({ slack }: CommandCall, { channelId, state }: Incident): Promise<void> => {
  const channel = state === 'open' ? await readChannel(slack.client, channelId) : null;
  if (!channel) return;
  const { createdAtMs: _createdAtMs, namedBy: _namedBy, ...found } = channel;
  await slack.useCases.syncIncidentChannel({ ...found, how: 'found', userId: null, said: {} });
};

/** What goes on, and nothing that rules believe changes; in a channel without an incident, it is opened. */
const show = async (call: CommandCall): Promise<void> => {
  const room = roomOf(call.channelId);
  const view = room ? await call.slack.useCases.incidentView({ channelId: room }) : null;
  if (!view) return open(call, null);
  await lookAnew(call, view.incident);
  const story = await find(call);
  if (story) await showTimeline(call, story, standingOf(story.view.incident));
};

const timeline = async (call: CommandCall): Promise<void> => {
  const story = await find(call);
  if (!story) return;
  await showTimeline(call, story, null);
  await sendFiles(call.slack, call.userId, story);
};

const close = async (call: CommandCall): Promise<void> => {
  const room = roomOf(call.channelId);
  if (!room) return call.reply({ text: NO_ROOM });
  const { outcome, incident } = await call.slack.useCases.closeIncident({ userId: call.userId, channelId: room });
  const view = await call.slack.useCases.incidentView({ id: incident.id });
  const rest = view ? ` ${afterClose({ briefing: { view, targets: [], onCall: [], unknown: [] } })}` : '';
  return call.reply({
    text: `${roomName(incident)} ${outcome === 'already' ? 'was closed already' : 'is closed'}.${rest}`,
  });
};

const grade = async (call: CommandCall, severity: string): Promise<void> => {
  const room = roomOf(call.channelId);
  if (!room) return call.reply({ text: NO_ROOM });
  const view = await call.slack.useCases.incidentView({ channelId: room });
  if (view?.incident.state !== 'open' || view.incident.confirmedAt === null) return open(call, severity);
  const { incident } = await call.slack.useCases.setSeverity({ userId: call.userId, channelId: room, severity });
  return call.reply({
    text: `${roomName(incident)} is ${incident.severity ? inline(incident.severity, 20) : 'without a severity'} now.`,
  });
};

const VERBS: Record<string, (call: CommandCall) => Promise<void>> = {
  '': show,
  open: (call) => open(call, null),
  confirm: (call) => open(call, null),
  reopen: (call) => open(call, null),
  close,
  timeline,
};

const WAYS = ['', ' sev1', ' confirm', ' close', ' reopen', ' timeline'].map((word) => `${NAME}${word}`);
const SHOW: readonly Say[] = [
  { line: NAME, label: 'Show the incident' },
  { line: `${NAME} timeline`, label: 'Timeline' },
];

export const incident: Command = {
  name: NAME,
  usage: `${NAME} [sev1 | confirm | close | reopen | timeline]`,
  does: 'show the incident of this channel, or open one; `timeline` lists who got access',
  audience: 'incident responders',
  run: async (call) => {
    const words = call.text.trim().split(/\s+/);
    const [first = ''] = words;
    const verb = Object.hasOwn(VERBS, first.toLowerCase()) ? VERBS[first.toLowerCase()] : undefined;
    if (verb && words.length <= 1) return verb(call);
    const severity = first.toLowerCase() === 'severity' ? words.slice(1).join(' ') : words.join(' ');
    if (!verb && severity && words.length <= 3) return grade(call, severity);
    const ways = sentenceList(WAYS.map(typed), 'or');
    return call.reply(
      answerWith(`An incident cannot be changed by ${code(call.text)}. Type ${ways}.`, sayButtons(SHOW)),
    );
  },
};
