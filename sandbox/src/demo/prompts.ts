/** The SQL prompts of the page: real connections to the demo's production, with whatever login was given. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { urlFor } from './production.ts';
import type { PromptFact } from './quests.ts';
import { runSql } from './sql-run.ts';
import type { QueryResult, WorldConnection } from './world.ts';

export type Prompts = {
  connect(login: Login): Promise<WorldConnection>;
  query(connectionId: string, sql: string): Promise<QueryResult>;
  disconnect(connectionId: string): Promise<void>;
  close(): Promise<void>;
};

export type PromptOptions = {
  /** Any URL of the server. */
  serverUrl: string;
  /** Which database a login was lent for. */
  databaseOf(user: string): Promise<string>;
  onFact(fact: PromptFact): void;
};

/** `lost`: why it can no longer be used, once it cannot. */
type Login = { user: string; password: string };
type Prompt = {
  user: string;
  client: pg.Client;
  lost: { message: string; code: string | null; isCut: boolean } | null;
};

const PROMPTS_MAX = 20;
const PROMPTS_PER_USER = 5;
const CONNECT_WITHIN_MS = 5_000;
const STATEMENT_WITHIN_MS = 5_000;
const TRIES = 5;
const TRY_AGAIN_MS = 100;
const SQL_MAX = 20_000;

/** postgresql.org/docs/current/errcodes-appendix.html: no such login, not with this password, not any more. */
const LOGIN_REFUSED = new Set(['28P01', '28000']);
const TOO_MANY = '53300';
const CUT_CODE = '57P01';
const CUT = 'The session was ended from outside: this access is over.';

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const refusalOf = (error: unknown): string => {
  const code = codeOf(error) ?? '';
  if (LOGIN_REFUSED.has(code))
    return `Postgres refused the login: ${said(error)}. Either the access has ended, or user or password are not right.`;
  if (code === TOO_MANY) return `Postgres refused the login: ${said(error)}. Close another prompt first.`;
  return `The connection could not be made: ${said(error)}.`;
};

const assertRoom = (prompts: Map<string, Prompt>, user: string): void => {
  const open = [...prompts.values()].filter((prompt) => prompt.lost === null);
  if (open.length >= PROMPTS_MAX || open.filter((prompt) => prompt.user === user).length >= PROMPTS_PER_USER)
    throw new Error('There are too many open prompts. Close one first.');
};

const NEVER_HERE: QueryResult = {
  ok: false,
  message: 'This prompt is closed. Connect again.',
  code: null,
  isCut: false,
  ms: 0,
};

const ask = async (prompt: Prompt, sql: string, onFact: PromptOptions['onFact']): Promise<QueryResult> => {
  const startedAt = performance.now();
  const ms = (): number => Math.round(performance.now() - startedAt);
  const { user } = prompt;
  if (prompt.lost) return { ok: false, ...prompt.lost, ms: 0 };
  if (sql.length > SQL_MAX)
    return { ok: false, message: `More than ${SQL_MAX} characters.`, code: null, isCut: false, ms: 0 };
  try {
    const answer = await runSql(prompt.client, sql);
    onFact({ kind: 'asked', user, command: answer.command });
    return { ok: true, ...answer, ms: ms() };
  } catch (error) {
    const code = codeOf(error);
    const wasCut = code === CUT_CODE || prompt.lost !== null;
    if (!wasCut) onFact({ kind: 'refused', user, code: code ?? '' });
    return { ok: false, message: wasCut ? CUT : said(error), code, isCut: wasCut, ms: ms() };
  }
};

const open = async (options: PromptOptions, login: Login, triesLeft = TRIES): Promise<pg.Client> => {
  const database = await options.databaseOf(login.user);
  const client = new pg.Client({
    connectionString: urlFor(options.serverUrl, database, login),
    application_name: 'SQL prompt',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: STATEMENT_WITHIN_MS,
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    // A session that was just closed takes a moment to be gone on the server, and still counts.
    if (codeOf(error) === TOO_MANY && triesLeft > 0) {
      await delay(TRY_AGAIN_MS);
      return open(options, login, triesLeft - 1);
    }
    if (LOGIN_REFUSED.has(codeOf(error) ?? '')) options.onFact({ kind: 'login_refused', user: login.user });
    throw new Error(refusalOf(error), { cause: error });
  }
};

export const openPrompts = (options: PromptOptions): Prompts => {
  const prompts = new Map<string, Prompt>();
  const onLost = (id: string, code: string | null): void => {
    const prompt = prompts.get(id);
    if (!prompt || prompt.lost) return;
    prompt.lost = { message: CUT, code, isCut: true };
    options.onFact({ kind: 'cut', user: prompt.user });
  };
  const disconnect = async (id: string): Promise<void> => {
    const prompt = prompts.get(id);
    prompts.delete(id);
    if (prompt && !prompt.lost) await prompt.client.end();
  };
  return {
    connect: async (login) => {
      assertRoom(prompts, login.user);
      const client = await open(options, login);
      const id = randomUUID();
      prompts.set(id, { user: login.user, client, lost: null });
      client.on('error', (error) => onLost(id, codeOf(error)));
      client.on('end', () => onLost(id, null));
      options.onFact({ kind: 'logged_in', user: login.user });
      return { id, user: login.user };
    },
    query: async (id, sql) => {
      const prompt = prompts.get(id);
      return prompt ? ask(prompt, sql, options.onFact) : NEVER_HERE;
    },
    disconnect,
    close: async () => void (await Promise.all([...prompts.keys()].map(disconnect))),
  };
};
