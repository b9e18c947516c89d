/** Reads what temporary logins did from the general log of each node, from where the last look ended, and compares it with what the node counted. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Recorded, Statement, ToRecord } from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import {
  assertKept,
  countLines,
  countOf,
  isLogging,
  isRecorded,
  logLines,
  timeOfLine,
  type LogLine,
} from './log-access.ts';
import { counted, type Compared } from './log-counts.ts';
import { positionSchema, type LogPosition, type Position, type Starts } from './log-position.ts';
import { mostStatements, statementOf } from './log-text.ts';
import type { Client, Server } from './server.ts';

/** Of one look; the next goes on. */
const LINES_AT_ONCE = 5_000;
const LONG = 100_000;
const NOTHING_LOGGED = { text: 0, executed: 0 };

const startOn = async (client: Client, user: string): Promise<LogPosition> => ({
  lines: await countLines(client, user),
  at: null,
  from: await countOf(client, user),
  logged: NOTHING_LOGGED,
  missed: 0,
});

/** After Latchkey's own visit as the login, and before anybody else knows its password. */
export const readStarts = async (server: Server, user: string, signal: AbortSignal): Promise<Starts> =>
  Object.fromEntries(
    await server.runOnEach(signal, async (client): Promise<[string, LogPosition]> => [
      client.node.name,
      await startOn(client, user),
    ]),
  );

export const assertKeptOnEach = async (server: Server, scope: Scope, signal: AbortSignal): Promise<void> => {
  if (isRecorded([scope])) await server.runOnEach(signal, async (client) => await assertKept(client, scope));
};

const most = (lines: readonly LogLine[]): LogPosition['logged'] => ({
  text: lines.reduce((sum, { command, text }) => sum + (command === 'Query' ? mostStatements(text ?? '') : 0), 0),
  executed: lines.filter(({ command }) => command === 'Execute').length,
});

const afterReading = (at: LogPosition, lines: readonly LogLine[]): LogPosition => {
  const more = most(lines);
  return {
    ...at,
    at: lines.at(-1)?.at ?? at.at,
    lines: (at.lines ?? 0) + lines.length,
    logged: { text: at.logged.text + more.text, executed: at.logged.executed + more.executed },
  };
};

const tooLong = (where: string, bytes: number): string =>
  `A statement of ${bytes} bytes on ${where} was too long to be kept.`;

type FromNode = Compared & { where: string; lines: LogLine[]; isAtEnd: boolean };

/** A log that was emptied has fewer lines, or another one where the last look ended. */
const placeIn = async (client: Client, user: string, from: LogPosition): Promise<LogPosition & { lines: number }> => {
  const known = from.lines ?? 0;
  const at = known === 0 ? null : await timeOfLine(client, user, known);
  // Nothing was read yet: Latchkey's own visit alone stands before.
  const isSame = known === 0 || (at !== null && (from.at === null || at === from.at));
  return { ...from, lines: isSame ? known : 0 };
};

/** Counted before the log is read, so that what begins meanwhile is at most logged too early. */
const readNode = async (client: Client, user: string, from: LogPosition): Promise<FromNode> => {
  const where = client.node.name;
  const off = (await isLogging(client)) ? [] : [`${where} does not log statements into its table any more.`];
  const count = await countOf(client, user);
  const begin = await placeIn(client, user, from);
  const { lines, isAtEnd } = await logLines(client, user, { after: begin.lines, limit: LINES_AT_ONCE });
  const at = afterReading(begin, lines);
  const counts = isAtEnd ? counted(where, at, count) : { at, lost: [] };
  const long = lines.filter(({ text }) => text === null).map(({ bytes }) => tooLong(where, bytes));
  return { ...counts, where, lines, isAtEnd, lost: [...off, ...long, ...counts.lost] };
};

/** A node that joined the policy later has no start, and what an older version noted may not be known: what was before is lost. */
const startOf = async (client: Client, user: string, at: LogPosition | undefined): Promise<Compared> =>
  at?.lines !== undefined
    ? { at, lost: [] }
    : {
        at: await startOn(client, user),
        lost: [`What was done on ${client.node.name} until now is not recorded: where its log began is not known.`],
      };

const lookOn = async (client: Client, user: string, position: Position): Promise<FromNode> => {
  const start = await startOf(client, user, position.logs[client.node.name]);
  const read = await readNode(client, user, start.at);
  return { ...read, lost: [...start.lost, ...read.lost] };
};

const atOf = (time: string): string => `${time.replace(' ', 'T')}Z`;

const recordedOf = async (position: Position, found: readonly FromNode[]): Promise<Recorded> => {
  const sessions = { ...position.sessions };
  const statements: Statement[] = [];
  let begun = 0;
  for (const { where, lines } of found)
    for (const line of lines) {
      const session = `${where} ${line.session}`;
      // A borrower can write many that are long, and everything else waits meanwhile.
      if (line.bytes > LONG) await breathe();
      const text = statementOf(line);
      if (sessions[session] === undefined) begun += 1;
      const number = (sessions[session] ?? 0) + (text === null ? 0 : 1);
      sessions[session] = number;
      if (text !== null) statements.push({ at: atOf(line.at), session, line: number, text, code: null });
    }
  return {
    position: { logs: Object.fromEntries(found.map(({ where, at }) => [where, at])), sessions },
    statements,
    sessions: begun,
    missing: [],
    lost: found.flatMap(({ lost }) => lost),
    isAtEnd: found.every(({ isAtEnd }) => isAtEnd),
  };
};

const NOT_NOTED = 'Where the log stood at the beginning was not noted, so nothing of it is recorded.';

export const recorded = async (
  server: Server,
  items: readonly ToRecord<Scope, Handle>[],
  signal: AbortSignal,
): Promise<Recorded[]> => {
  const all: Recorded[] = [];
  for (const { handle, position } of items) {
    if (!handle?.starts) {
      all.push({ position: null, statements: [], sessions: 0, missing: [], lost: [NOT_NOTED], isAtEnd: true });
      continue;
    }
    const known = positionSchema.safeParse(position).data ?? { logs: {}, sessions: {} };
    const from = position === null ? { logs: handle.starts, sessions: {} } : known;
    const { user } = handle;
    const found = await server.runOnEach(signal, async (client) => await lookOn(client, user, from));
    all.push(await recordedOf(from, found));
  }
  return all;
};
