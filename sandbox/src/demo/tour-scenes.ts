/** The scenes of the tour. Each is done through the workspace and the databases, as people do it; nothing is pretended to Latchkey. */
import { setTimeout as delay } from 'node:timers/promises';
import { blocksOf } from '../slack/messages.ts';
import type { Json, Message } from '../slack/types.ts';
import type { Workspace } from '../slack/workspace.ts';
import type { Ci } from './ci.ts';
import type { World, WorldState } from './world.ts';

export type Stage = {
  /** When the tour began: what was said before belongs to others. */
  startedAt: Date;
  workspace: Workspace;
  world: Pick<World, 'state' | 'connect' | 'query' | 'disconnect' | 'endSoon'>;
  ci: Ci;
  /** A line below the caption. */
  say(line: string): void;
  /** Turns the page to another person or channel. */
  look(change: { as?: string; where?: string }): void;
  pause(): Promise<void>;
};

export type Scene = { caption: string; as: string; where: string; run(stage: Stage): Promise<void> };

const WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 200;
const END_IN_MS = 5_000;
const CANCEL = 'cancel_request';

const has = (message: Message, actionId: string): boolean =>
  JSON.stringify(blocksOf(message)).includes(`"action_id":"${actionId}"`);

const isOfTour = ({ startedAt }: Stage, { ts }: Message): boolean => Number(ts) * 1_000 >= startedAt.getTime();

/** Waits for the newest message with such a button, and presses it. */
const press = async (stage: Stage, who: string, given: { actionId: string; in: string | null }): Promise<void> => {
  const person = stage.workspace.as(who);
  const seen = (): Message[] => (given.in === null ? person.dmsWithApp() : person.messages(given.in));
  const find = (): Message | undefined => seen().findLast((one) => isOfTour(stage, one) && has(one, given.actionId));
  const message = await stage.workspace.waitFor(find, {
    timeoutMs: WITHIN_MS,
    what: `a message with ${given.actionId}`,
  });
  await person.click(message, given.actionId);
};

const request = async (stage: Stage, who: string, line: string): Promise<void> => {
  stage.say(`/prod-access ${line}`);
  await stage.pause();
  await stage.workspace.as(who).command('/prod-access', line, 'prod-access');
};

const until = async <T>(look: () => Promise<T | undefined>, what: string): Promise<T> => {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}.`);
    await delay(LOOK_EVERY_MS);
  }
};

type Grant = WorldState['grants'][number];

const activeGrant = ({ world }: Stage, isIt: (grant: Grant) => boolean): Promise<Grant> =>
  until(async () => {
    const { grants } = await world.state();
    return grants.find((grant) => grant.state === 'active' && isIt(grant));
  }, 'the access');

/** What an earlier try left: requests that wait are cancelled, and access to the same database ends now. */
const tidy = async ({ workspace, world }: Stage): Promise<void> => {
  for (const who of ['ana', 'kim']) {
    const person = workspace.as(who);
    for (const message of person.dmsWithApp().filter((one) => has(one, CANCEL))) await person.click(message, CANCEL);
  }
  const { grants } = await world.state();
  const own = grants.filter(({ state, target }) => state === 'active' && target === 'orders-db');
  for (const { id } of own) await world.endSoon(id, 0);
  await until(async () => {
    const left = await world.state();
    return left.grants.some(({ target }) => target === 'orders-db') ? undefined : true;
  }, 'earlier access to end');
};

const LOGIN = /postgres(?:ql)?:\/\/[^\s"'`\\|>]+/;

/** What Ana's modal shows her. */
const shownLogin = async ({ workspace }: Stage): Promise<{ user: string; password: string }> => {
  const ana = workspace.as('ana');
  const find = (): string | undefined => LOGIN.exec(JSON.stringify(ana.modal()?.blocks ?? []))?.[0];
  const url = await workspace.waitFor(find, { timeoutMs: WITHIN_MS, what: 'the credentials' });
  const { username, password } = new URL(url.replaceAll('&amp;', '&'));
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
};

const runSql = async (stage: Stage, connectionId: string, sql: string): Promise<boolean> => {
  stage.say(`shop=> ${sql};`);
  await stage.pause();
  const answer = await stage.world.query(connectionId, sql);
  if (answer.ok) for (const row of answer.rows.slice(0, 2)) stage.say(row.map((cell) => cell ?? '').join(' | '));
  else stage.say(`ERROR: ${answer.message}`);
  await stage.pause();
  return answer.ok;
};

const use = async (stage: Stage): Promise<void> => {
  const login = await shownLogin(stage);
  await stage.pause();
  await stage.workspace.as('ana').close();
  const connection = await stage.world.connect(login);
  await runSql(stage, connection.id, 'select id, status, payment from stuck_orders');
  await runSql(stage, connection.id, "update orders set status = 'paid' where id = 1183");
  const { id } = await activeGrant(stage, (grant) => login.user.includes(grant.id));
  await stage.world.endSoon(id, END_IN_MS);
  stage.say('The access ends in five seconds, while the session is open.');
  const cut = await until(async () => {
    const answer = await stage.world.query(connection.id, 'select 1');
    return !answer.ok && answer.isCut ? answer : undefined;
  }, 'the session to be cut');
  stage.say(`FATAL: ${cut.ok ? '' : cut.message}`);
  await stage.world.connect(login).then(
    ({ id: open }) => stage.world.disconnect(open),
    (error: unknown) => stage.say(error instanceof Error ? error.message : String(error)),
  );
};

const denyBecause = async (stage: Stage, who: string, reason: string): Promise<void> => {
  const person = stage.workspace.as(who);
  await press(stage, who, { actionId: 'deny', in: 'prod-access' });
  const form = await stage.workspace.waitFor(() => person.modal(), { timeoutMs: WITHIN_MS, what: 'the form' });
  const input = form.blocks.find((block) => block.type === 'input')?.element as Json | undefined;
  await person.type(String(input?.action_id), reason);
  await stage.pause();
  await person.submit();
};

const freeName = ({ workspace }: Stage): string => {
  const taken = new Set([...workspace.state.channels.values()].map(({ name }) => name));
  const numbers = Array.from({ length: 1_000 }, (_, index) => index + 1);
  return `inc-${numbers.find((number) => !taken.has(`inc-${number}-orders`)) ?? 0}-orders`;
};

const incident = async (stage: Stage): Promise<void> => {
  const name = freeName(stage);
  stage.workspace.as('kim').createChannel(name);
  stage.look({ where: name });
  await stage.pause();
  await press(stage, 'kim', { actionId: 'incident_read', in: name });
  await activeGrant(stage, ({ person }) => person.startsWith('Kim'));
  stage.say('Kim is in. The other way for on-call is break-glass, which is checked afterwards.');
};

const deploy = async (stage: Stage): Promise<void> => {
  stage.ci.run();
  stage.say('$ latchkey exec --role orders-db/write --wait 10m -- node migrate.mjs');
  await stage.pause();
  await press(stage, 'dana', { actionId: 'approve', in: 'prod-access' });
  const { state } = await until(async () => {
    const pipeline = stage.ci.pipeline();
    return pipeline.state === 'running' ? undefined : pipeline;
  }, 'the deployment');
  stage.say(
    state === 'done' ? 'Approved, migrated, given back: the login lived for seconds.' : 'The deployment failed.',
  );
};

export const SCENES: readonly Scene[] = [
  {
    caption:
      'A customer has paid, and order 1183 is stuck. Ana must look into production, and nobody has access to it.',
    as: 'ana',
    where: 'general',
    run: tidy,
  },
  {
    caption: 'She requests five minutes of read access, in one line.',
    as: 'ana',
    where: 'prod-access',
    run: (stage) => request(stage, 'ana', 'orders-db read 5m look at order 1183, the customer has paid'),
  },
  {
    caption: 'Dana owns the database. She sees who, what, how long and why, and approves with one click.',
    as: 'dana',
    where: 'prod-access',
    run: (stage) => press(stage, 'dana', { actionId: 'approve', in: 'prod-access' }),
  },
  {
    caption: 'Latchkey made a login for Ana alone. It shows it to her in Slack, and to no one else.',
    as: 'ana',
    where: '@latchkey',
    run: (stage) => press(stage, 'ana', { actionId: 'show_credentials', in: null }),
  },
  {
    caption: 'She reads. A write is refused. When her time is up, her session is cut and the login is gone.',
    as: 'ana',
    where: '@latchkey',
    run: use,
  },
  {
    caption: 'A write needs an owner and an SRE. Ana requests one.',
    as: 'ana',
    where: 'prod-access',
    run: (stage) => request(stage, 'ana', 'orders-db write 30m set order 1183 to paid by hand'),
  },
  {
    caption: 'Omar, the SRE, denies it and says why.',
    as: 'omar',
    where: 'prod-access',
    run: (stage) => denyBecause(stage, 'omar', 'The repair job does this in ten minutes, with a trace.'),
  },
  {
    caption: 'Night: Kim is on call and opens an incident channel. Latchkey offers what this incident needs.',
    as: 'kim',
    where: 'general',
    run: incident,
  },
  {
    caption: 'Pipelines are held to the same rules. This deployment has no stored secret: it waits for Dana.',
    as: 'dana',
    where: 'prod-access',
    run: deploy,
  },
];
