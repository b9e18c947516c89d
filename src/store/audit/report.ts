/** What a report reads of the log: one snapshot, up to the leaves of one checkpoint, page by page. */
import type pg from 'pg';
import type { ReportRange, ReportReads, ReportSource } from '../../application/reports/report-ports.ts';
import type { GrantFlow, LogFacts } from '../../application/reports/report-facts.ts';
import { currentEvent } from '../../domain/audit/names.ts';
import type { LogActor, LogEvent } from '../../domain/reports/register.ts';
import type { Json } from '../../domain/json.ts';
import { inSnapshot } from './read.ts';
import { readTreeSize } from './tree.ts';

/** Few: what of a page is read while the one before it is worked on should be gone before the collector of garbage moves it about. */
const PAGE = 64;

type Row = {
  seq: string;
  openText: string | null;
  hasPersonal: boolean;
  at: string | null;
  type: string | null;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  actor: string | null;
  data: string | null;
};

type Data = { [key: string]: Json };
type Columns = Pick<LogEvent, 'at' | 'type' | 'requestId' | 'grantId' | 'target' | 'role'>;

const str = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
const actorOf = ({ kind, id, name, email }: Data): LogActor => ({
  kind: str(kind) ?? 'unknown',
  id: str(id),
  name: kind === 'system' ? 'Latchkey' : str(name),
  email: str(email),
});

/** By their text: many events have the same actor. */
type Actors = Map<string, LogActor>;
const ACTORS_MAX = 1_000;

const actorIn = (actors: Actors, text: string): LogActor => {
  const known = actors.get(text);
  if (known) return known;
  const actor = actorOf(JSON.parse(text) as Data);
  if (actors.size >= ACTORS_MAX) actors.clear();
  actors.set(text, actor);
  return actor;
};

/** Columns from the text that is proved; from the table for events of before the tree. Where the personal part is erased, the table has the open part. */
const columnsOf = (row: Row): Columns =>
  row.openText === null ? { ...row, at: row.at ?? '', type: row.type ?? '' } : (JSON.parse(row.openText) as Columns);

const eventOf = (row: Row, actors: Actors): LogEvent => {
  const columns = columnsOf(row);
  const { at, requestId, grantId, target, role } = columns;
  const { type, data } = currentEvent(columns.type, JSON.parse(row.data ?? '{}') as Data);
  const isErased = row.openText !== null && !row.hasPersonal;
  const actor = actorIn(actors, row.actor ?? '{}');
  return { seq: Number(row.seq), at, type, requestId, grantId, target, role, actor, data, isErased };
};

const onlyBeforeTree = (column: string): string => `case when c.open_text is null then ${column} end`;
const COLUMNS = `c.seq, c.open_text as "openText", p.salt is not null as "hasPersonal", e.actor, e.data,
  ${onlyBeforeTree(`to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)} as at, ${onlyBeforeTree('e.type')} as type,
  ${onlyBeforeTree('e.request_id')} as "requestId", ${onlyBeforeTree('e.grant_id')} as "grantId",
  ${onlyBeforeTree('e.target')} as target, ${onlyBeforeTree('e.role')} as role`;
const JOINS = `left join audit_events e on e.id = c.event_id left join audit_personal p on p.event_id = c.event_id`;

const OF_REQUESTS = `
select ${COLUMNS} from (select * from audit_chain where request_id = any($1) and seq <= $2) c ${JOINS}
order by c.request_id, c.seq`;
const OF_REQUESTS_BEFORE_TREE = `
select ${COLUMNS} from audit_chain c ${JOINS} where c.seq <= $2 and e.request_id = any($1) order by c.seq`;

/** What the checkpoint does not cover: it was just signed, so these are few. */
const BEYOND = `beyond as materialized (
  select event_id from audit_chain where seq > $1 union all select event_id from audit_unsealed)`;
const COVERED = `not exists (select from beyond b where b.event_id = e.id)`;
const IN_PERIOD = `e.at >= $2 and e.at < $3`;

const COUNTS = `with ${BEYOND} select e.type, count(*)::int8 as n from audit_events e where ${IN_PERIOD} and ${COVERED} group by e.type`;

/** When each grant became active and when it was removed. */
const MARKS = `marks as materialized (
  select e.grant_id, min(e.request_id) as request_id,
    min(e.at) filter (where e.type = 'grant.active') as active, min(e.at) filter (where e.type in ('grant.removed', 'grant.ended')) as ended
  from audit_events e where e.type in ('grant.active', 'grant.removed', 'grant.ended') and e.at < $3 and ${COVERED} group by e.grant_id)`;

const FLOW = `with ${BEYOND}, ${MARKS}
select count(*) filter (where active < $2 and (ended is null or ended >= $2))::int8 as "openAtStart",
  count(*) filter (where active >= $2)::int8 as activated,
  count(*) filter (where active is not null and ended >= $2)::int8 as ended,
  count(*) filter (where active is not null and ended is null)::int8 as "openAtEnd" from marks`;

const CREATED = `with ${BEYOND}
select e.request_id as id from audit_events e where e.type = 'request.created' and ${IN_PERIOD} and ${COVERED} order by e.id`;

const CARRIED = `with ${BEYOND}, ${MARKS}
select m.request_id as id from marks m where m.active is not null and (m.ended is null or m.ended >= $2) and not exists (
  select from audit_events e where e.type = 'request.created' and ${IN_PERIOD} and e.request_id = m.request_id)
order by m.active, m.request_id`;

/** Those of the period, and what answers them after it. */
const EVENTS = `
select ${COLUMNS}, e0.at >= $3 as "isLater" from audit_events e0 join audit_chain c on c.event_id = e0.id ${JOINS}
where e0.type = any($4) and e0.at >= $2 and (e0.at < $3 or e0.type = any($5)) and c.seq <= $1 order by c.seq`;

const BEFORE = `
select ${COLUMNS} from audit_events e0 join audit_chain c on c.event_id = e0.id ${JOINS}
where e0.type = $3 and e0.at < $2 and c.seq <= $1 order by c.seq desc limit 1`;

const SEQS = `with ${BEYOND}
select min(c.seq)::int8 as first, max(c.seq)::int8 as last from audit_events e join audit_chain c on c.event_id = e.id
where ${IN_PERIOD} and ${COVERED}`;

const CHECKPOINTS = `
select count(*)::int8 as count, min(signed_at) as "firstAt", max(signed_at) as "lastAt",
  (extract(epoch from max(gap)) * 1000)::float8 as "longestGapMs"
from (select signed_at, signed_at - lag(signed_at) over (order by size) as gap from audit_checkpoints
  where signed_at >= $1 and signed_at < $2) c`;

type Reader = { client: pg.PoolClient; before: number; upTo: number; range: ReportRange; actors: Actors };

/** Scans of the whole log are joined by hashing; pages are read by their keys. */
const scanning = async <T>({ client }: Reader, scan: () => Promise<T>): Promise<T> => {
  await client.query('set local enable_hashjoin = on');
  const found = await scan();
  await client.query('set local enable_hashjoin = off');
  return found;
};

const values = ({ upTo, range }: Reader): unknown[] => [upTo, range.from, range.to];

const numbers = <K extends string>(row: Record<K, string> | undefined, keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, Number(row?.[key] ?? 0)])) as Record<K, number>;

const byRequest = (ids: readonly string[], events: readonly LogEvent[]): LogEvent[][] => {
  const found = new Map<string, LogEvent[]>(ids.map((id) => [id, []]));
  for (const event of events) found.get(event.requestId ?? '')?.push(event);
  return [...found.values()];
};

const pageOf = async ({ client, before, upTo, actors }: Reader, ids: string[]): Promise<LogEvent[][]> => {
  const early = before > 0 ? await client.query<Row>(OF_REQUESTS_BEFORE_TREE, [ids, before]) : { rows: [] };
  const { rows } = await client.query<Row>({ name: 'report_requests', text: OF_REQUESTS, values: [ids, upTo] });
  const events = [...early.rows, ...rows].map((row) => eventOf(row, actors));
  return byRequest(ids, events);
};

/** Postgres reads the next page while this one is worked on. */
async function* pagesOf(reader: Reader, cursor: string, query: string): AsyncGenerator<LogEvent[][]> {
  const { client } = reader;
  await scanning(reader, () => client.query(`declare ${cursor} no scroll cursor for ${query}`, values(reader)));
  const read = async (): Promise<LogEvent[][] | null> => {
    const { rows } = await client.query<{ id: string }>(`fetch ${PAGE} from ${cursor}`);
    if (rows.length === 0) return null;
    const ids = rows.map(({ id }) => id);
    return pageOf(reader, ids);
  };
  for (let page = await read(); page !== null;) {
    const next = read();
    // Heard of when it is waited for, also where the work on this page fails first.
    next.catch(() => undefined);
    yield page;
    page = await next;
  }
}

const logFacts = async (reader: Reader): Promise<LogFacts> => {
  const { client, before, upTo, range } = reader;
  const seqs = await scanning(reader, () =>
    client.query<{ first: string | null; last: string | null }>(SEQS, values(reader)),
  );
  const { rows } = await client.query<{
    count: string;
    firstAt: Date | null;
    lastAt: Date | null;
    longestGapMs: number | null;
  }>(CHECKPOINTS, [range.from, range.to]);
  const [seq, signed] = [seqs.rows[0], rows[0]];
  const orNull = (text: string | null = null): number | null => (text === null ? null : Number(text));
  return {
    events: upTo,
    beforeTree: before,
    firstSeq: orNull(seq?.first),
    lastSeq: orNull(seq?.last),
    checkpoints: {
      count: Number(signed?.count ?? 0),
      firstAt: signed?.firstAt?.toISOString() ?? null,
      lastAt: signed?.lastAt?.toISOString() ?? null,
      longestGapMs: signed?.longestGapMs ?? null,
    },
  };
};

const countsOf = async (reader: Reader): Promise<Record<string, number>> => {
  const { rows } = await scanning(reader, () =>
    reader.client.query<{ type: string; n: string }>(COUNTS, values(reader)),
  );
  const counts: Record<string, number> = {};
  for (const { type, n } of rows) {
    const name = currentEvent(type, {}).type;
    counts[name] = (counts[name] ?? 0) + Number(n);
  }
  return counts;
};

const FLOW_KEYS = ['openAtStart', 'activated', 'ended', 'openAtEnd'] as const satisfies readonly (keyof GrantFlow)[];

const readsOf = (reader: Reader): ReportReads => {
  const { client, upTo, range, actors } = reader;
  return {
    counts: () => countsOf(reader),
    flow: async () => {
      const { rows } = await scanning(reader, () =>
        client.query<Record<keyof GrantFlow, string>>(FLOW, values(reader)),
      );
      return numbers(rows[0], FLOW_KEYS);
    },
    requests: () => pagesOf(reader, 'report_created', CREATED),
    carried: () => pagesOf(reader, 'report_carried', CARRIED),
    events: async (types, answers) => {
      const { rows } = await scanning(reader, () =>
        client.query<Row & { isLater: boolean }>(EVENTS, [...values(reader), types, answers]),
      );
      const of = (isLater: boolean): LogEvent[] =>
        rows.filter((row) => row.isLater === isLater).map((row) => eventOf(row, actors));
      return { events: of(false), later: of(true) };
    },
    before: async (type) => {
      const { rows } = await scanning(reader, () => client.query<Row>(BEFORE, [upTo, range.from, type]));
      return rows[0] ? eventOf(rows[0], actors) : null;
    },
    log: () => logFacts(reader),
  };
};

export const reportSource = (pool: pg.Pool): ReportSource => ({
  read: (range, work) =>
    inSnapshot(pool, async (client) => {
      const { before } = await readTreeSize(client);
      return work(readsOf({ client, before, upTo: before + range.size, range, actors: new Map() }));
    }),
});
