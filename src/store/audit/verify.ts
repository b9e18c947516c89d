/** Walks the whole chain and says what was changed, removed, moved or slipped in. Believes nothing but the hashes. */
import type pg from 'pg';
import { EMPTY_HEAD } from './chain.ts';
import type { Head } from './chain.ts';
import { explain, movedBy } from './problems.ts';
import type { AuditProblem, Suspect } from './problems.ts';
import { inSnapshot, linkBatches } from './read.ts';
import type { Link } from './read.ts';
import { commitmentsOf, isSealed } from './sealed-as.ts';
import { startDayWalk, stepDay } from './verify-days.ts';
import type { DayWalk } from './verify-days.ts';
import { finishTree, startTreeWalk, stepTree } from './verify-tree.ts';
import type { SignedHead, TreeWalk } from './verify-tree.ts';
import { rootOf } from '../../lib/transparency/tree.ts';

export type { AuditProblem } from './problems.ts';
export type { Head } from './chain.ts';

/** A log that was rewritten wholesale would fill the memory with problems; so many say enough. */
const MAX_PROBLEMS = 1000;

export type AuditReport = {
  ok: boolean;
  /** Chained events that were checked. */
  events: number;
  /** Committed and not chained yet; normally less than a second old. */
  unsealed: number;
  oldestUnsealedAgeMs: number | null;
  head: Head;
  /** `root` in base64. `before`: places of the chain from before there was a tree. */
  tree: { size: number; root: string; before: number };
  /** Events whose personal part was erased, as events of the log say. */
  erased: number;
  /** In order of `seq`. At most 1,000; `isCut` when there were more. */
  problems: AuditProblem[];
  isCut: boolean;
};

export type VerifyOptions = {
  /** A head that was noted outside the database earlier. Without one, a cut tail or a chain made anew cannot be seen. */
  expectHead?: Head;
  /** Heads of the tree that were signed, wherever they were found. */
  signed?: readonly SignedHead[];
};

type Walk = {
  head: Head;
  events: number;
  shift: number;
  suspects: Suspect[];
  problems: AuditProblem[];
  expectHead: Head | undefined;
  isCut: boolean;
  tree: TreeWalk;
  days: DayWalk;
};

const report = (walk: Walk, problem: AuditProblem): void => {
  if (walk.problems.length + walk.suspects.length < MAX_PROBLEMS) walk.problems.push(problem);
  else walk.isCut = true;
};

const suspect = (walk: Walk, link: Link, isLinked: boolean): void => {
  const by = movedBy(link, walk.shift);
  // The rest of a renumbered stretch is reported once, at its beginning.
  if (by !== null && by === walk.shift && isLinked) {
    const beginning = walk.suspects.at(-1);
    if (beginning) beginning.isFollowed = true;
    return;
  }
  walk.shift = by ?? 0;
  if (walk.problems.length + walk.suspects.length < MAX_PROBLEMS)
    walk.suspects.push({ link, movedBy: by, isFollowed: false });
  else walk.isCut = true;
};

const gap = (from: number, to: number): string =>
  from === to ? `Number ${from} is missing.` : `Numbers ${from} to ${to} are missing.`;

const step = (walk: Walk, link: Link): void => {
  const { head } = walk;
  const commitments = link.tree && commitmentsOf(link.tree, link.event);
  stepTree(walk.tree, link, commitments);
  stepDay(walk.days, link);
  const isNext = link.seq === head.seq + 1;
  const isLinked = isNext && link.prevHash === head.hash;
  if (!isNext)
    report(walk, { seq: head.seq + 1, kind: 'removed', eventId: null, message: gap(head.seq + 1, link.seq - 1) });
  if (!link.event) {
    const message = `Event ${link.eventId}, sealed as ${link.seq}, is not there any more.`;
    report(walk, { seq: link.seq, kind: 'removed', eventId: link.eventId, message });
  } else if (!isSealed(link, commitments)) suspect(walk, link, isLinked);
  else {
    walk.shift = 0;
    const isKnown = walk.suspects.at(-1)?.link.seq === head.seq;
    const message = `${head.seq} has another hash than the one that ${link.seq} was sealed after: it was rewritten.`;
    if (isNext && !isLinked && !isKnown) report(walk, { seq: head.seq, kind: 'changed', eventId: null, message });
  }
  if (walk.expectHead?.seq === link.seq && walk.expectHead.hash !== link.hash) {
    const message = `${link.seq} has another hash than the one that was noted.`;
    report(walk, { seq: link.seq, kind: 'head_mismatch', eventId: link.eventId, message });
  }
  if (link.event) walk.events += 1;
  walk.head = { seq: link.seq, hash: link.hash };
};

const checkTail = (walk: Walk): void => {
  const { expectHead, head } = walk;
  if (!expectHead || expectHead.seq <= head.seq) return;
  const message = `The log ends at ${head.seq}, and ${expectHead.seq} was noted: the tail was cut off.`;
  report(walk, { seq: head.seq + 1, kind: 'truncated', eventId: null, message });
};

type Queue = { total: string; unsealed: string; oldestAgeMs: number | null };

const QUEUE = `
select (select count(*) from audit_events) as total, count(e.id) as unsealed,
  (extract(epoch from clock_timestamp() - min(e.at)) * 1000)::double precision as "oldestAgeMs"
from audit_unsealed u join audit_events e on e.id = u.event_id`;

const WRONGLY_QUEUED = `
select u.event_id::text as id, c.seq::int8 as seq from audit_unsealed u
left join audit_events e on e.id = u.event_id left join audit_chain c on c.event_id = u.event_id
where e.id is null or c.seq is not null order by u.event_id limit ${MAX_PROBLEMS}`;

const LOST = `
select e.id::text as id from audit_events e
where not exists (select from audit_chain c where c.event_id = e.id)
  and not exists (select from audit_unsealed u where u.event_id = e.id)
order by e.id limit ${MAX_PROBLEMS}`;

const checkQueue = async (client: pg.PoolClient, walk: Walk): Promise<Queue> => {
  const wrong = await client.query<{ id: string; seq: string | null }>(WRONGLY_QUEUED);
  for (const { id, seq } of wrong.rows) {
    const kind = seq === null ? 'queued_without_event' : 'queued_again';
    const message =
      seq === null
        ? `Event ${id} was removed before it was sealed.`
        : `Event ${id} is sealed and waits to be sealed again.`;
    report(walk, { seq: seq === null ? null : Number(seq), kind, eventId: id, message });
  }
  const queue = (await client.query<Queue>(QUEUE)).rows[0];
  if (!queue) throw new Error('Postgres gave no answer about the audit queue.');
  // Looking for absence reads both tables; the count says whether there is anything to look for.
  const isComplete = wrong.rows.length === 0 && Number(queue.total) === walk.events + Number(queue.unsealed);
  // Only the walk is served by nested loops.
  await client.query('set local enable_hashjoin = on; set local enable_mergejoin = on');
  const lost = isComplete ? [] : (await client.query<{ id: string }>(LOST)).rows;
  for (const { id } of lost) {
    const message = `Event ${id} is neither sealed nor waiting to be: it was slipped in, or its place in the chain was removed.`;
    report(walk, { seq: null, kind: 'unsealed_without_queue', eventId: id, message });
  }
  return queue;
};

/** A tree that does not fit is reported only where the log itself fits; what was signed counts in any case. */
const treeProblems = ({ tree, days, suspects, problems }: Walk): AuditProblem[] =>
  suspects.length + problems.length === 0
    ? [...tree.problems, ...days.problems]
    : tree.problems.filter(({ kind }) => kind !== 'tree_mismatch' && kind !== 'erased_without_record');

/** Reads everything once; 1M events take seconds. Changes nothing and holds nobody up. */
export const verifyAudit = (pool: pg.Pool, options: VerifyOptions = {}): Promise<AuditReport> =>
  inSnapshot(pool, async (client) => {
    const walk: Walk = {
      head: EMPTY_HEAD,
      events: 0,
      shift: 0,
      suspects: [],
      problems: [],
      expectHead: options.expectHead,
      isCut: false,
      tree: startTreeWalk(options.signed ?? []),
      days: startDayWalk(),
    };
    for await (const links of linkBatches(client)) for (const link of links) step(walk, link);
    checkTail(walk);
    finishTree(walk.tree);
    const queue = await checkQueue(client, walk);
    const { edge, before } = walk.tree;
    const last = Number.MAX_SAFE_INTEGER;
    const problems = [...walk.problems, ...explain(walk.suspects), ...treeProblems(walk)].toSorted(
      (a, b) => (a.seq ?? last) - (b.seq ?? last),
    );
    return {
      ok: problems.length === 0,
      events: walk.events,
      unsealed: Number(queue.unsealed),
      oldestUnsealedAgeMs: queue.oldestAgeMs,
      head: walk.head,
      tree: { size: edge.size, root: rootOf(edge).toString('base64'), before: before.seq },
      erased: walk.tree.erasedCount,
      problems,
      isCut: walk.isCut,
    };
  });
