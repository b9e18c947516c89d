/** What people do around incidents in a chaos run: make, rename, archive and open their channels, ask in them, close them, keep what they have. */
import type { Channel } from '../../sandbox/src/slack/types.ts';
import { seen } from '../support/world.ts';
import { COMMAND, findOne, PEOPLE } from './people.ts';
import type { Step, StepContext, StepOutcome } from './people.ts';

/** Ada is named by no group: her channels wait for somebody to confirm them. */
const OPENERS = ['rita', 'oscar', 'sam', 'olga', 'ada'];
/** More than that at a time tells nothing new, and every one of them is looked at by the app. */
const ROOMS_MAX = 6;
const ROOM = /^(inc|room)-\d+/;
const PRIVATE_CHANCE = 0.2;

const isIncidents = ({ name }: Channel): boolean => name.startsWith('inc-');

/** One of the newest, found by a number, as every subject of a step. */
const pickRoom = ({ world, random }: StepContext, isWanted: (room: Channel) => boolean): Channel | null => {
  const number = random.int(0, 1_000_000);
  const rooms = [...world.slack.state.channels.values()].filter((room) => ROOM.test(room.name) && isWanted(room));
  const newest = rooms.slice(-ROOMS_MAX);
  return newest[number % Math.max(1, newest.length)] ?? null;
};

const makeRoom = (context: StepContext): Promise<StepOutcome> => {
  const { world, random, number } = context;
  const opener = random.pick(OPENERS);
  const prefix = random.pick(['inc', 'inc', 'room']);
  const isPrivate = random.isChance(PRIVATE_CHANCE);
  const open = [...world.slack.state.channels.values()].filter(
    (room) => ROOM.test(room.name) && !room.name.endsWith('-closed') && !room.isArchived,
  );
  if (open.length >= ROOMS_MAX) return Promise.resolve('missed');
  const person = world.slack.as(opener);
  const { id } = person.createChannel(`${prefix}-${number}-orders`, { isPrivate });
  for (const who of PEOPLE.filter((name) => name !== opener)) person.invite(id, who);
  if (isPrivate) person.invite(id, 'bot');
  return Promise.resolve('done');
};

/** Into the pattern, into a name that says it is over, and back. */
const renamed = ({ name }: Channel): string => {
  if (name.startsWith('room-')) return name.replace('room-', 'inc-');
  return name.endsWith('-closed') ? name.replace(/-closed$/, '') : `${name}-closed`;
};

const rename = (context: StepContext): Promise<StepOutcome> => {
  const room = pickRoom(context, ({ isArchived }) => !isArchived);
  if (!room) return Promise.resolve('missed');
  context.world.slack.as(context.random.pick(OPENERS)).rename(room.id, renamed(room));
  return Promise.resolve('done');
};

const archive = (context: StepContext, isToBe: boolean): Promise<StepOutcome> => {
  const room = pickRoom(context, (one) => isIncidents(one) && one.isArchived !== isToBe);
  if (!room) return Promise.resolve('missed');
  const person = context.world.slack.as(context.random.pick(OPENERS));
  if (isToBe) person.archive(room.id);
  else person.unarchive(room.id);
  return Promise.resolve('done');
};

const inRoom = async (context: StepContext, who: string, text: string): Promise<StepOutcome> => {
  const room = pickRoom(context, (one) => isIncidents(one) && !one.isArchived);
  if (!room) return 'missed';
  const { ok } = await context.world.slack.as(who).command(COMMAND, text, room.id);
  return ok ? 'done' : 'missed';
};

const ask = (context: StepContext): Promise<StepOutcome> => {
  const { random, number } = context;
  const role = random.pick(['read', 'read', 'write', 'look']);
  const length = random.int(2, 20);
  return inRoom(context, random.pick(PEOPLE), `orders-db ${role} ${length}s step ${number} fixes the orders OPS-1`);
};

const readNow = async (context: StepContext): Promise<StepOutcome> => {
  const { slack } = context.world;
  const who = context.random.pick(['oscar', 'oscar', 'ada']);
  const room = pickRoom(context, (one) => isIncidents(one) && !one.isArchived);
  const prompt =
    room &&
    slack
      .as(who)
      .messages(room.id)
      .findLast((one) => seen(one).includes('"incident_read"'));
  if (!prompt) return 'missed';
  const { ok } = await slack.as(who).clickStale(prompt, 'incident_read');
  return ok ? 'done' : 'missed';
};

/** Mostly access that an owner agreed to: what only the incident opened is refused. */
const keep = async (context: StepContext): Promise<StepOutcome> => {
  const found = await findOne(
    context,
    `g.state = 'active' and exists (select from incidents i where i.id = r.incident_id and i.state = 'closed' and i.ended_at is null)`,
  );
  const person = found && context.world.slack.as(found.name);
  const message = person?.dmsWithApp().findLast((one) => seen(one).includes('"keep_grant"'));
  if (!person || !message) return 'missed';
  const { ok } = await person.click(message, 'keep_grant');
  return ok ? 'done' : 'missed';
};

const setTopic = (context: StepContext): Promise<StepOutcome> => {
  const { world, random, number } = context;
  const room = pickRoom(context, ({ isArchived }) => !isArchived);
  if (!room) return Promise.resolve('missed');
  world.slack
    .as(random.pick(OPENERS))
    .setTopic(room.id, `sev${random.int(0, 4)}: orders are late since step ${number}`);
  return Promise.resolve('done');
};

const tell = (context: StepContext, texts: string[]): Promise<StepOutcome> => {
  const { random } = context;
  return inRoom(context, random.pick(OPENERS), `incident ${random.pick(texts)}`);
};

export const INCIDENT_STEPS: Step[] = [
  { name: 'make a channel', weight: 5, run: makeRoom },
  { name: 'rename a channel', weight: 2, run: rename },
  { name: 'archive a channel', weight: 3, run: (context) => archive(context, true) },
  { name: 'unarchive a channel', weight: 2, run: (context) => archive(context, false) },
  { name: 'topic', weight: 2, run: setTopic },
  { name: 'ask in an incident', weight: 10, run: ask },
  { name: 'read now', weight: 6, run: readNow },
  { name: 'severity', weight: 2, run: (context) => tell(context, ['sev1', 'sev2', 'severity none']) },
  { name: 'confirm or open again', weight: 2, run: (context) => tell(context, ['', 'reopen']) },
  { name: 'close', weight: 4, run: (context) => tell(context, ['close']) },
  { name: 'keep mine', weight: 6, run: keep },
];
