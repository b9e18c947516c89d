/**
 * The server's own deadline of a login: an event that locks it and ends its sessions, whatever becomes of Latchkey. MariaDB's accounts have
 * no comment, so the event is also the mark that says whose login it is. It is made before the login and dropped after it.
 */
import { z } from 'zod';
import { checkGrantId, grantNamedIn, slugOf } from '../kit/login-name.ts';
import { account, literal, name } from './quote.ts';
import type { Client } from './server.ts';

/** The schema of Latchkey's events, in which nobody else needs a right. */
export const SCHEMA = 'latchkey';
/** mysql.event cuts its comment there. */
const COMMENT_MAX = 64;

/** `database`: of the target, since one server may be several targets. */
export type Deadline = { grantId: string; user: string; holder: string; until: Date; database: string };

export const eventOf = (grantId: string): string => `${name(SCHEMA)}.${name(`lk_${checkGrantId(grantId)}`)}`;

/** Events have whole seconds. Never before the time that was promised. */
const wholeSecond = (at: Date): Date => new Date(Math.ceil(at.getTime() / 1000) * 1000);
const sqlTime = (at: Date): string => wholeSecond(at).toISOString().slice(0, 19).replace('T', ' ');

/** Nothing in it needs escaping, so that it reads the same in every tool. */
const markOf = ({ grantId, user, holder, until, database }: Deadline): string =>
  JSON.stringify({
    latchkey: {
      grant: grantId,
      user,
      holder: slugOf(holder),
      until: until.toISOString(),
      database: inMark(database),
    },
  });

const inMark = (database: string): string => encodeURIComponent(database).replaceAll("'", '%27');

const clauses = ({ dialect }: Client, deadline: Deadline): string =>
  [
    `ON SCHEDULE AT ${literal(sqlTime(deadline.until))} ON COMPLETION PRESERVE ENABLE`,
    `COMMENT ${literal(`Latchkey ends grant ${deadline.grantId}`.slice(0, COMMENT_MAX))} DO BEGIN`,
    `SET @latchkey = ${literal(markOf(deadline))};`,
    `ALTER USER IF EXISTS ${account(deadline.user)} ACCOUNT LOCK;`,
    dialect.endSessionsInEvent(deadline.user),
    'END',
  ].join('\n');

/** Makes it, moves it, and enables it again where somebody turned it off. */
export const setDeadline = async (client: Client, deadline: Deadline): Promise<void> => {
  const [event, rest] = [eventOf(deadline.grantId), clauses(client, deadline)];
  await client.run([`CREATE EVENT IF NOT EXISTS ${event} ${rest}`, `ALTER EVENT ${event} ${rest}`]);
};

export const dropDeadlines = async (client: Client, grantIds: readonly string[]): Promise<void> =>
  await client.run(grantIds.map((grantId) => `DROP EVENT IF EXISTS ${eventOf(grantId)}`));

/** As it was found. `runsAt`: null where it will not run, or not for certain at a time that is known. */
export type FoundDeadline = { grantId: string; user: string; database: string; until: Date; runsAt: Date | null };

const markSchema = z.object({
  latchkey: z.object({ grant: z.string(), user: z.string(), until: z.iso.datetime(), database: z.string() }),
});

const readMark = (body: string): z.infer<typeof markSchema>['latchkey'] | null => {
  const [, text = ''] = /SET @latchkey = '(\{[^']*\})'/.exec(body) ?? [];
  try {
    return markSchema.parse(JSON.parse(text)).latchkey;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
};

type Row = { event: string; status: string; at: Date | null; zone: string; body: string };

const FIND = `select EVENT_NAME as event, STATUS as status, EXECUTE_AT as at, TIME_ZONE as zone, EVENT_DEFINITION as body
  from information_schema.EVENTS where EVENT_SCHEMA = ${literal(SCHEMA)}`;

/** Does its work: it locks this login. Somebody may have changed the body and left the mark. */
const doesItsWork = (body: string, user: string): boolean => body.includes(`${account(user)} ACCOUNT LOCK`);

const foundIn = ({ event, status, at, zone, body }: Row): FoundDeadline[] => {
  const mark = readMark(body);
  if (!mark || event !== `lk_${mark.grant}` || grantNamedIn(mark.user) !== mark.grant) return [];
  const runs = status === 'ENABLED' && zone === '+00:00' && doesItsWork(body, mark.user);
  const { grant: grantId, user, database } = mark;
  return [{ grantId, user, database, until: new Date(mark.until), runsAt: runs ? at : null }];
};

/** Of these grants, or all. */
export const findDeadlines = async (client: Client, grantIds: readonly string[] | null): Promise<FoundDeadline[]> => {
  if (grantIds?.length === 0) return [];
  const names = grantIds?.map((grantId) => literal(`lk_${checkGrantId(grantId)}`)).join(', ');
  return (await client.query<Row>(names ? `${FIND} and EVENT_NAME in (${names})` : FIND)).flatMap(foundIn);
};

/** The time that was requested, where the event runs at it. */
export const deadlineOf = (found: FoundDeadline | null): Date | null => {
  if (!found?.runsAt) return null;
  return wholeSecond(found.until).getTime() === found.runsAt.getTime() ? found.until : found.runsAt;
};

export const isOfDatabase = (found: FoundDeadline | null, database: string): boolean =>
  found?.database === inMark(database);

export const endsAt = (found: FoundDeadline | null, until: Date): boolean =>
  found?.runsAt?.getTime() === wholeSecond(until).getTime() && found.until.getTime() === until.getTime();
