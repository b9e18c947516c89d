/**
 * How Latchkey reads what temporary logins did: the general log of the server, as a table, through a view of an administrator that has their
 * lines and nobody else's. Beside it the server's own count of their statements, by which a line that is missing shows.
 */
import type { Finding } from '../provider.ts';
import { ProviderError } from '../provider.ts';
import type { Scope } from './config.ts';
import { SCHEMA } from './deadline.ts';
import type { Dialect } from './dialect.ts';
import { numberOf } from './errors.ts';
import { literal, name } from './quote.ts';
import type { Client } from './server.ts';

const LINES = 'statements';
const COUNTS = 'statement_counts';
const COUNTING = 'statement_counting';
export const VIEWS = [LINES, COUNTS, COUNTING] as const;

const view = (of: string): string => `${name(SCHEMA)}.${name(of)}`;

/** What each of them is made of. `LEFT` and not `LIKE`: a backslash means something else in some modes of the server. */
const SELECTS: Readonly<Record<(typeof VIEWS)[number], string>> = {
  [LINES]: `SELECT event_time, user_host, thread_id, command_type, argument FROM mysql.general_log WHERE LEFT(user_host, 3) = 'lk_'`,
  [COUNTS]: `SELECT USER AS user, EVENT_NAME AS event_name, COUNT_STAR AS counted FROM performance_schema.events_statements_summary_by_user_by_event_name WHERE LEFT(USER, 3) = 'lk_'`,
  [COUNTING]: `SELECT (SELECT COUNT(*) FROM performance_schema.setup_consumers WHERE NAME IN ('global_instrumentation', 'thread_instrumentation') AND ENABLED = 'YES') = 2
    AND (SELECT COUNT(*) FROM performance_schema.setup_actors WHERE HOST = '%' AND USER = '%' AND ENABLED = 'YES') > 0
    AND (SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE (NAME LIKE 'statement/sql/%' OR NAME = 'statement/com/Execute') AND ENABLED = 'NO') = 0 AS is_counting`,
};

const CONFIGURATION = {
  mariadb:
    'performance_schema = ON, general_log = ON and log_output = TABLE into the configuration of the server ([mariadb]), and restart it',
  mysql: 'general_log = ON and log_output = TABLE into the configuration of the server ([mysqld])',
} as const;

/** For the script that prepares a target; empty where no role needs it. */
export const recordSql = (who: string, id: Dialect['id'], isRecorded: boolean): string[] =>
  isRecorded
    ? [
        '-- Statements are recorded: the server logs those of every account, and Latchkey reads the lines of temporary logins only.',
        ...VIEWS.map(
          (of) => `CREATE OR REPLACE DEFINER = CURRENT_USER SQL SECURITY DEFINER VIEW ${view(of)} AS ${SELECTS[of]};`,
        ),
        ...VIEWS.map((of) => `GRANT SELECT ON ${view(of)} TO ${who};`),
        `SET GLOBAL log_output = CONCAT_WS(',', NULLIF(REPLACE(@@GLOBAL.log_output, 'NONE', ''), ''), 'TABLE');`,
        'SET GLOBAL general_log = ON;',
        `-- Also put ${CONFIGURATION[id]}.`,
        '-- The log grows until an administrator empties it. It is read faster as MyISAM:',
        '-- SET GLOBAL general_log = OFF; ALTER TABLE mysql.general_log ENGINE = MyISAM; SET GLOBAL general_log = ON;',
      ]
    : [];

/** Whether statements go into the table, at this moment. */
export const isLogging = async (client: Client): Promise<boolean> => {
  const [row] = await client.query<{ isOn: number; output: string }>(
    'select @@global.general_log as isOn, @@global.log_output as output',
  );
  return row?.isOn === 1 && row.output.toUpperCase().split(',').includes('TABLE');
};

/** 1045, 1142: no right; 1146: no such view; 1356: what it reads is gone, or its administrator. */
const NO_VIEW = [1044, 1045, 1049, 1142, 1146, 1356];

const mayRead = async (client: Client, of: (typeof VIEWS)[number]): Promise<boolean> => {
  try {
    await client.query(`select 1 from ${view(of)} limit 1`);
    return true;
  } catch (error) {
    if (NO_VIEW.includes(numberOf(error))) return false;
    throw error;
  }
};

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });

export const isRecorded = (scopes: readonly Scope[]): boolean => scopes.some(({ record }) => record === 'statements');

/** Whether the server counts what its logins do, at this moment. */
const isCounting = async (client: Client): Promise<boolean> => {
  const [row] = await client.query<{ isCounting: number }>(
    `select @@global.performance_schema and (select is_counting from ${view(COUNTING)}) as isCounting`,
  );
  return row?.isCounting === 1;
};

const countingFinding = async (client: Client): Promise<Finding | null> =>
  (await isCounting(client))
    ? null
    : {
        level: 'warning',
        code: 'record_count',
        message: `Statements are recorded, and ${client.node.name} does not count them, so a lost one would not show. Put performance_schema = ON into the configuration of the server, and restart it.`,
      };

/** What keeps the record from being what the role says; nothing where none is recorded. */
export const recordFindings = async (client: Client, scopes: readonly Scope[]): Promise<Finding[]> => {
  if (!isRecorded(scopes)) return [];
  const isLogged = await isLogging(client);
  const readable = await Promise.all(VIEWS.map(async (of) => await mayRead(client, of)));
  const hasViews = !readable.includes(false);
  const counting = hasViews ? await countingFinding(client) : null;
  return [
    ...(isLogged
      ? []
      : [
          error(
            'record_log',
            `Statements are to be recorded, and ${client.node.name} does not log them into a table. As an administrator: SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON; and the same in the configuration of the server, or it is off again after a restart.`,
          ),
        ]),
    ...(hasViews
      ? []
      : [
          error(
            'record_reader',
            `Statements are to be recorded, and Latchkey cannot read the log of its logins on ${client.node.name}: run what \`latchkey doctor --sql\` prints for this target, as an administrator.`,
          ),
        ]),
    ...(counting ? [counting] : []),
  ];
};

/** @throws ProviderError for people to act on: access that is to be recorded and cannot be is not given. */
export const assertKept = async (client: Client, scope: Scope): Promise<void> => {
  const first = (await recordFindings(client, [scope])).find(({ level }) => level === 'error');
  if (first) throw new ProviderError('misconfigured', first.message);
};

/** `at`: by the server's clock, in UTC, to the microsecond. `text`: null where it is too long to be kept. */
export type LogLine = { at: string; session: string; command: string; bytes: number; text: string | null };

const TIME = '%Y-%m-%d %H:%i:%s.%f';
/** Longer ones are not fetched, nor more than this of one look: a borrower writes them, and may send any number. */
const LINE_BYTES_MAX = 4_194_304;
const LOOK_BYTES_MAX = 33_554_432;

/** How many of these lines are fetched at once; at least one. */
const fitting = (sizes: readonly { bytes: number }[]): number => {
  let sum = 0;
  const at = sizes.findIndex(({ bytes }, index) => {
    sum += Math.min(bytes, LINE_BYTES_MAX);
    return sum > LOOK_BYTES_MAX && index > 0;
  });
  return at === -1 ? sizes.length : at;
};

type RawLine = Omit<LogLine, 'text'> & { hex: string | null };

/**
 * In the order in which they were written, which a table that is only added to keeps. Never by their times: the server writes them by the clock that
 * the session has set, and a borrower sets it.
 */
const ofLogin = (user: string): string =>
  `from ${view(LINES)} where left(user_host, ${user.length + 1}) = ${literal(`${user}[`)}`;

/** How many lines there are of a login. */
export const countLines = async (client: Client, user: string): Promise<number> => {
  const [row] = await client.query<{ counted: number }>(`select count(*) as counted ${ofLogin(user)}`);
  return row?.counted ?? 0;
};

/** What the line that is the `number`th of a login has as its time; null where there are fewer. */
export const timeOfLine = async (client: Client, user: string, number: number): Promise<string | null> => {
  const [line] = await client.query<{ at: string }>(
    `select date_format(event_time, ${literal(TIME)}) as at ${ofLogin(user)} limit 1 offset ${number - 1}`,
  );
  return line?.at ?? null;
};

/** After so many lines; one is given whatever its size. In hex: what is no text in any character set is kept, too. */
export const logLines = async (
  client: Client,
  user: string,
  { after, limit }: { after: number; limit: number },
): Promise<{ lines: LogLine[]; isAtEnd: boolean }> => {
  const ofUser = ofLogin(user);
  const sizes = await client.query<{ bytes: number }>(
    `select length(argument) as bytes ${ofUser} limit ${limit} offset ${after}`,
  );
  const some = fitting(sizes);
  const rows = await client.query<RawLine>(
    `select date_format(event_time, ${literal(TIME)}) as at, cast(thread_id as char) as session, command_type as command,
       length(argument) as bytes, if(length(argument) > ${LINE_BYTES_MAX}, null, hex(argument)) as hex ${ofUser} limit ${some} offset ${after}`,
  );
  const lines = rows.map(({ hex, ...line }) => ({
    ...line,
    text: hex === null ? null : Buffer.from(hex, 'hex').toString('utf8'),
  }));
  return { lines, isAtEnd: sizes.length < limit && lines.length === sizes.length };
};

/** Of one login, since the server started. `startedMs`: when that was, by its own clock; `at`: when it was counted. */
export type Count = { text: number; executed: number; startedMs: number; at: string };

const TOTALS = `cast(sum(if(event_name like 'statement/sql/%', counted, 0)) as signed) as text,
  cast(sum(if(event_name = 'statement/com/Execute', counted, 0)) as signed) as executed,
  cast(unix_timestamp(utc_timestamp(3)) * 1000 as signed) as nowMs, date_format(utc_timestamp(6), ${literal(TIME)}) as at`;

/** Null where the server does not count. */
export const countOf = async (client: Client, user: string): Promise<Count | null> => {
  if (!(await isCounting(client))) return null;
  const [up] = await client.query<{ Value: string }>(`show global status like 'Uptime'`);
  const [row] = await client.query<{ text: number | null; executed: number | null; nowMs: number; at: string }>(
    `select ${TOTALS} from ${view(COUNTS)} where user = ${literal(user)}`,
  );
  const startedMs = (row?.nowMs ?? 0) - Number(up?.Value ?? 0) * 1_000;
  return { text: row?.text ?? 0, executed: row?.executed ?? 0, startedMs, at: row?.at ?? '' };
};
