/** What people do in a chaos run: one entry each. A step finds its subject by a number, so that the same seed makes the same choices. */
import pg from 'pg';
import type { Message } from '../../sandbox/src/slack/types.ts';
import type { World } from '../support/world.ts';
import type { Random } from './random.ts';

export type StepContext = { world: World; random: Random; number: number; sessions: pg.Client[] };

/** `done` when there was something to do it to; `missed` when not, or when the button was gone. */
export type StepOutcome = 'done' | 'missed';
export type Step = { name: string; weight: number; run(context: StepContext): Promise<StepOutcome> };

export const PEOPLE = ['ada', 'rita', 'oscar', 'ines', 'olga', 'sam'];
const VOTERS = ['olga', 'sam', 'rita', 'ada'];
export const COMMAND = '/prod-access';

type Found = { id: string; grantId: string | null; name: string };

export const findOne = async ({ world, random }: StepContext, where: string): Promise<Found | null> => {
  const number = random.int(0, 1_000_000);
  const rows = await world.sql<Found>(
    `select r.id, g.id as "grantId", split_part(p.email, '@', 1) as name from requests r join people p on p.id = r.requester_id
     left join grants g on g.request_id = r.id where ${where} order by r.created_at desc limit 10`,
  );
  return rows[number % Math.max(1, rows.length)] ?? null;
};

const kindOf = ({ metadata }: Message): { request_id?: string; kind?: string } =>
  (metadata?.['event_payload'] as { request_id?: string; kind?: string } | undefined) ?? {};

const messageOf = (messages: Message[], requestId: string, kind: string): Message | undefined =>
  messages.findLast((message) => kindOf(message).request_id === requestId && kindOf(message).kind === kind);

const say = async ({ world }: StepContext, who: string, text: string): Promise<StepOutcome> => {
  const { ok } = await world.slack.as(who).command(COMMAND, text, 'general');
  return ok ? 'done' : 'missed';
};

const ask = (context: StepContext): Promise<StepOutcome> => {
  const { random, number } = context;
  const role = random.pick(['read', 'read', 'read', 'write', 'look']);
  const length = random.int(1, 12);
  return say(context, random.pick(PEOPLE), `orders-db ${role} ${length}s step ${number} looks into the orders OPS-1`);
};

const clickApproval = async (context: StepContext, action: string, times: number): Promise<StepOutcome> => {
  const { world, random } = context;
  const voter = random.pick(VOTERS);
  const found = await findOne(context, `r.state = 'pending'`);
  const message = found && messageOf(world.slack.as(voter).messages('prod-access'), found.id, 'approval');
  if (!message) return 'missed';
  const clicks = Array.from({ length: times }, () => world.slack.as(voter).clickStale(message, action));
  await Promise.all(clicks);
  return 'done';
};

const deny = async (context: StepContext): Promise<StepOutcome> => {
  const { world, random } = context;
  const voter = random.pick(VOTERS);
  const found = await findOne(context, `r.state = 'pending'`);
  const message = found && messageOf(world.slack.as(voter).messages('prod-access'), found.id, 'approval');
  if (!message) return 'missed';
  const person = world.slack.as(voter);
  await person.click(message, 'deny');
  await world.slack.waitFor(() => person.modal());
  await person.type('reason', 'not on a day like this');
  await person.submit();
  await person.close();
  return 'done';
};

/** Logs in with what the modal shows, and stays until cut. */
const enter = async (context: StepContext): Promise<StepOutcome> => {
  const { world, sessions } = context;
  const found = await findOne(context, `g.state = 'active'`);
  const message = found && messageOf(world.slack.as(found.name).dmsWithApp(), found.id, 'granted');
  if (!found || !message) return 'missed';
  const person = world.slack.as(found.name);
  await person.click(message, 'show_credentials');
  const url = await world.slack.waitFor(() => /postgresql:\/\/[^\s"`\\|>]+/.exec(JSON.stringify(person.modals()))?.[0]);
  await person.close();
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  sessions.push(client);
  return 'done';
};

const end = async (context: StepContext, verb: 'done' | 'revoke'): Promise<StepOutcome> => {
  const found = await findOne(context, `g.state in ('activating', 'active')`);
  if (!found?.grantId) return 'missed';
  return say(context, verb === 'done' ? found.name : 'sam', `${verb} ${found.grantId} that is enough`);
};

const extend = async (context: StepContext): Promise<StepOutcome> => {
  const found = await findOne(context, `g.state = 'active'`);
  const length = context.random.int(1, 10);
  if (!found?.grantId) return 'missed';
  return say(context, found.name, `extend ${found.grantId} ${length}s not through with it`);
};

const cancel = async (context: StepContext): Promise<StepOutcome> => {
  const found = await findOne(context, `r.state = 'pending'`);
  return found ? say(context, found.name, `cancel ${found.id}`) : 'missed';
};

const breakGlass = async (context: StepContext): Promise<StepOutcome> => {
  const { world, random, number } = context;
  const person = world.slack.as('oscar');
  const role = random.pick(['read', 'write']);
  await say(context, 'oscar', `break-glass orders-db ${role} 5s checkout is down since step ${number}`);
  await world.slack.waitFor(() => JSON.stringify(person.modals()).includes('Take access now'));
  await person.submit();
  await person.close();
  return 'done';
};

const preApprove = (context: StepContext): Promise<StepOutcome> => {
  const { world, random } = context;
  const id = world.slack.personId(random.pick(PEOPLE));
  return say(
    context,
    random.pick(['olga', 'sam', 'rita']),
    `allow <@${id}> orders-db ${random.pick(['read', 'write'])} for 20s`,
  );
};

const away = (context: StepContext): Promise<StepOutcome> => {
  const { world, random } = context;
  const id = world.slack.personId(random.pick(['rita', 'ada']));
  return say(context, random.pick(['olga', 'sam']), random.pick([`away 1h <@${id}>`, 'back']));
};

export const PEOPLES_STEPS: Step[] = [
  { name: 'ask', weight: 30, run: ask },
  { name: 'approve', weight: 34, run: (context) => clickApproval(context, 'approve', 1) },
  { name: 'click approve twice', weight: 6, run: (context) => clickApproval(context, 'approve', 2) },
  { name: 'deny', weight: 3, run: deny },
  { name: 'cancel', weight: 3, run: cancel },
  { name: 'enter', weight: 8, run: enter },
  { name: 'done', weight: 5, run: (context) => end(context, 'done') },
  { name: 'extend', weight: 5, run: extend },
  { name: 'revoke', weight: 3, run: (context) => end(context, 'revoke') },
  { name: 'break-glass', weight: 3, run: breakGlass },
  { name: 'allow', weight: 2, run: preApprove },
  { name: 'away or back', weight: 2, run: away },
];
