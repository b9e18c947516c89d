/** Reads what temporary logins did from the logs of a server and its standbys, in order, from where the last look ended. */
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import type { MissingLines, Recorded, Statement, ToRecord } from '../provider.ts';
import { ProviderError } from '../provider.ts';
import { onEachNode } from '../kit/nodes.ts';
import type { Handle, Scope } from './config.ts';
import { assertReader, logFiles, logLines, type LogFile } from './log-access.ts';
import { positionSchema, type LogPosition, type Position, type Starts } from './log-position.ts';
import { scrubSql } from '../kit/scrub-sql.ts';
import { whereIs, type Client, type Server } from './server.ts';

/** Of one look; the next goes on. */
const CHUNKS_AT_ONCE = 8;
const LONG = 100_000;
/** Connections whose login is not known yet come a moment before the rest of their lines. */
const HEADS_KEPT = 500;

const lineSchema = z.object({
  timestamp: z.string(),
  user: z.string().optional(),
  session_id: z.string(),
  line_num: z.number(),
  error_severity: z.string(),
  state_code: z.string().optional(),
  message: z.string().default(''),
  detail: z.string().optional(),
  statement: z.string().optional(),
});
type Line = z.infer<typeof lineSchema>;

/** What is no JSON was cut off; its number is missing then. */
const parsed = (bytes: Buffer): Line | null => {
  try {
    const { data } = lineSchema.safeParse(JSON.parse(bytes.toString('utf8')));
    return data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

/** The words are those of `lc_messages` C, which the login has. */
const LOGGED = /^(?:statement|execute [\s\S]*?|fastpath function call): ([\s\S]*)$/;
/** The text of what EXECUTE runs. */
const PREPARED = 'prepare: ';

const textOf = ({ error_severity: severity, message, detail, statement }: Line): string | null => {
  if (severity !== 'LOG') return statement ?? null;
  const text = LOGGED.exec(message)?.[1];
  if (text === undefined) return null;
  return detail?.startsWith(PREPARED) ? `${text}\n-- ${detail}` : text;
};

type Read = { position: Position; isAtEnd: boolean; lost: string[]; lines: { where: string; line: Line }[] };

const endOf = async (server: Server, client: Client): Promise<LogPosition> => {
  await assertReader(client);
  const current = (await logFiles(client)).find(({ isCurrent }) => isCurrent);
  if (!current)
    throw new ProviderError(
      'misconfigured',
      `Postgres at ${whereIs(server.settings)} writes no log in JSON, so what is done there cannot be recorded. As a superuser: ALTER SYSTEM SET log_destination = 'stderr, jsonlog'; SELECT pg_reload_conf();`,
    );
  return { file: current.name, offset: current.size, modified: current.modified.toISOString() };
};

const onEach = async <T>(servers: readonly Server[], work: (server: Server) => Promise<T>): Promise<[string, T][]> =>
  await onEachNode(
    servers.map((server) => ({ name: whereIs(server.settings), server })),
    async ({ name, server }): Promise<[string, T]> => [name, await work(server)],
  );

/** Before the login is made, so that nothing of it stands before. */
export const readStarts = async (servers: readonly Server[], signal: AbortSignal): Promise<Starts> =>
  Object.fromEntries(
    await onEach(servers, async (server) => await server.run(signal, async (client) => await endOf(server, client))),
  );

const isAfter = (file: LogFile, { modified, file: name }: LogPosition): boolean =>
  file.modified.getTime() > Date.parse(modified) ||
  (file.modified.getTime() === Date.parse(modified) && file.name > name);

type FromServer = { at: LogPosition; lines: Line[]; isAtEnd: boolean; lost: string[] };

/** A file that is shorter than what was read of it was written anew. */
const placeIn = (files: readonly LogFile[], at: LogPosition): { at: LogPosition; lost: string[] } => {
  const file = files.find(({ name }) => name === at.file);
  if (file && file.size >= at.offset) return { at: { ...at, modified: file.modified.toISOString() }, lost: [] };
  const next = file ?? files.find((other) => isAfter(other, at));
  const lost = [`The log ${at.file} was gone before it was read to its end.`];
  return { at: next ? { file: next.name, offset: 0, modified: next.modified.toISOString() } : at, lost };
};

const readServer = async (client: Client, from: LogPosition): Promise<FromServer> => {
  await assertReader(client);
  const files = await logFiles(client);
  const { lost, at: begin } = placeIn(files, from);
  let at = begin;
  const lines: Line[] = [];
  for (let chunk = 0; chunk < CHUNKS_AT_ONCE; chunk += 1) {
    const read = await logLines(client, at.file, at.offset);
    lines.push(...read.lines.map(parsed).filter((line) => line !== null));
    const isRead = read.next === at.offset;
    at = { ...at, offset: read.next };
    if (!isRead) continue;
    // The server closes a log before it begins the next, so what was listed after it was closed is read to its end here.
    const next = files.find((file) => isAfter(file, at));
    if (!next) return { at, lines, isAtEnd: true, lost };
    at = { file: next.name, offset: 0, modified: next.modified.toISOString() };
  }
  return { at, lines, isAtEnd: false, lost };
};

/** Those that stand at the same place are read once. */
type Reading = { servers: readonly Server[]; signal: AbortSignal; seen: Map<string, Promise<FromServer>> };

const readOnce = async ({ seen, signal }: Reading, server: Server, at: LogPosition): Promise<FromServer> => {
  const key = JSON.stringify([whereIs(server.settings), at.file, at.offset]);
  const known = seen.get(key) ?? server.run(signal, async (client) => await readServer(client, at));
  seen.set(key, known);
  return await known;
};

/** A standby that joined the policy later has no start, and what an older version noted may not be known: what was before is lost. */
const startOf = async ({ signal }: Reading, server: Server, at: LogPosition | undefined) => {
  if (at) return { at, lost: [] };
  const lost = [
    `What was done on ${whereIs(server.settings)} until now is not recorded: how far its log was read is not known.`,
  ];
  return { at: await server.run(signal, async (client) => await endOf(server, client)), lost };
};

const readAll = async (reading: Reading, position: Position): Promise<Read> => {
  const found = await onEach(reading.servers, async (server) => {
    const start = await startOf(reading, server, position.logs[whereIs(server.settings)]);
    const read = await readOnce(reading, server, start.at);
    return { ...read, lost: [...start.lost, ...read.lost] };
  });
  return {
    position: { ...position, logs: Object.fromEntries(found.map(([where, { at }]) => [where, at])) },
    isAtEnd: found.every(([, { isAtEnd }]) => isAtEnd),
    lost: found.flatMap(([, { lost }]) => lost),
    lines: found.flatMap(([where, { lines }]) => lines.map((line) => ({ where, line }))),
  };
};

const newest = (heads: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(heads).slice(-HEADS_KEPT));

/** Counts the lines of each session on, and keeps those that hold a statement. */
const recordedOf = async ({ position, isAtEnd, lost, lines }: Read, login: string): Promise<Recorded> => {
  const sessions = { ...position.sessions };
  const heads = { ...position.heads };
  const statements: Statement[] = [];
  const missing: MissingLines[] = [];
  const latest = new Map<string, Statement>();
  let begun = 0;
  for (const { where, line } of lines) {
    const session = `${where} ${line.session_id}`;
    if (line.user === undefined) {
      const before = sessions[session] ?? heads[session] ?? 0;
      if (sessions[session] === undefined && line.line_num === before + 1) heads[session] = line.line_num;
    }
    if (line.user !== login) continue;
    const last = sessions[session] ?? heads[session] ?? 0;
    if (sessions[session] === undefined) begun += 1;
    if (line.line_num > last + 1) missing.push({ session, from: last + 1, to: line.line_num - 1 });
    sessions[session] = Math.max(last, line.line_num);
    const text = textOf(line);
    if (text === null) continue;
    const code = line.error_severity === 'LOG' ? null : (line.state_code ?? null);
    // A borrower can write many that are long, and everything else waits meanwhile.
    if (text.length > LONG) await breathe();
    const statement = { at: line.timestamp, session, line: line.line_num, text: scrubSql(text), code };
    const before = latest.get(session);
    // It was logged as it began, and failed.
    if (code !== null && before?.code === null && before.text === statement.text) before.code = code;
    else statements.push(statement);
    latest.set(session, statement);
  }
  const next = { ...position, sessions, heads: newest(heads) };
  return { position: next, statements, sessions: begun, missing, lost, isAtEnd };
};

const NOT_NOTED = 'Where the log stood at the beginning was not noted, so nothing of it is recorded.';

export const recorded = async (
  servers: readonly Server[],
  items: readonly ToRecord<Scope, Handle>[],
  signal: AbortSignal,
): Promise<Recorded[]> => {
  const reading: Reading = { servers, signal, seen: new Map() };
  return await Promise.all(
    items.map(async ({ handle, position }): Promise<Recorded> => {
      const starts = handle?.starts;
      if (!handle || !starts)
        return { position: null, statements: [], sessions: 0, missing: [], lost: [NOT_NOTED], isAtEnd: true };
      const known = positionSchema.safeParse(position).data ?? { logs: {}, sessions: {}, heads: {} };
      const from = position === null ? { logs: starts, sessions: {}, heads: {} } : known;
      return await recordedOf(await readAll(reading, from), handle.role);
    }),
  );
};
