/** The tree, built anew from the texts of the log and held against what is stored and what was signed. */
import type { Head } from './chain.ts';
import type { AuditProblem } from './problems.ts';
import type { Link, TreePlace } from './read.ts';
import { isFoundAs, leafOf } from './leaf.ts';
import type { Commitments } from './leaf.ts';
import { HASH_BYTES, addLeaf, emptyEdge, rootOf } from '../../lib/transparency/tree.ts';
import type { Edge } from '../../lib/transparency/tree.ts';

/** A signed head, and where it was found. `isRevoked`: by keys that were revoked before, so it counts for nothing. */
export type SignedHead = { size: number; root: Buffer; source: string; isRevoked?: boolean };

/** Numbers `from` to `to`, both included. */
type Stretch = { from: number; to: number };

export type TreeWalk = {
  edge: Edge;
  /** Roots that somebody signed, by size. */
  wanted: Map<number, SignedHead[]>;
  /** What does not fit is reported once: all after it differs, too. */
  isOff: boolean;
  /** The same for what events are found by. */
  isAstray: boolean;
  erased: Stretch[];
  erasedCount: number;
  /** Up to which number events of this log say that they were erased. */
  recordedThrough: number;
  /** Places from before there was a tree, and the last of them. */
  before: Head;
  problems: AuditProblem[];
};

export const startTreeWalk = (signed: readonly SignedHead[]): TreeWalk => ({
  edge: emptyEdge(),
  wanted: groupBySize(signed),
  isOff: false,
  isAstray: false,
  erased: [],
  erasedCount: 0,
  recordedThrough: 0,
  before: { seq: 0, hash: '' },
  problems: [],
});

const groupBySize = (signed: readonly SignedHead[]): Map<number, SignedHead[]> => {
  const groups = new Map<number, SignedHead[]>();
  for (const head of signed) groups.set(head.size, [...(groups.get(head.size) ?? []), head]);
  return groups;
};

const noteErased = (walk: TreeWalk, { seq }: Link): void => {
  walk.erasedCount += 1;
  const last = walk.erased.at(-1);
  if (last?.to === seq - 1) last.to = seq;
  else walk.erased.push({ from: seq, to: seq });
};

type OpenText = { type?: unknown; data?: { throughSeq?: unknown; chainSeq?: unknown; chainHash?: unknown } };

const readOpen = (text: string): OpenText => {
  try {
    return JSON.parse(text) as OpenText;
  } catch {
    return {};
  }
};

/** Events of these types say what holds for others. */
const heed = (walk: TreeWalk, link: Link, text: string): void => {
  const { type, data } = readOpen(text);
  if (type === 'record.erased' && typeof data?.throughSeq === 'number')
    walk.recordedThrough = Math.max(walk.recordedThrough, Math.min(data.throughSeq, link.seq - 1));
  const isUpgrade = type === 'log.upgraded' && walk.edge.size === 0;
  if (isUpgrade && (data?.chainSeq !== walk.before.seq || data.chainHash !== walk.before.hash))
    walk.problems.push({
      seq: link.seq,
      kind: 'changed',
      eventId: link.eventId,
      message: `The first event of the tree commits to another chain than the one before it.`,
    });
};

const MARKERS = /"type":"(?:record\.erased|log\.upgraded)"/;

const stepOld = (walk: TreeWalk, link: Link): void => {
  walk.before = { seq: link.seq, hash: link.hash };
  if (walk.edge.size === 0) return;
  const message = `${link.seq} is not in the tree, and places before it are.`;
  walk.problems.push({ seq: link.seq, kind: 'tree_mismatch', eventId: link.eventId, message });
};

/** The log itself may be whole: what is wrong is that a key was used that no honest party uses any more. */
const strangeHead = ({ size, source }: SignedHead): AuditProblem => ({
  seq: null,
  kind: 'revoked_key',
  eventId: null,
  message: `A checkpoint of ${size} leaves that is not of this log was signed with a revoked key (${source}): somebody else has that key. It counts for nothing.`,
});

const checkRoot = (walk: TreeWalk, seq: number): void => {
  const heads = walk.wanted.get(walk.edge.size);
  if (!heads) return;
  walk.wanted.delete(walk.edge.size);
  const root = rootOf(walk.edge);
  for (const head of heads) {
    if (head.root.equals(root)) continue;
    if (head.isRevoked === true) walk.problems.push(strangeHead(head));
    else {
      const message = `The log up to ${seq} is not the one that was signed (${head.source}): it was rewritten, or two logs were signed.`;
      walk.problems.push({ seq, kind: 'checkpoint_mismatch', eventId: null, message });
    }
  }
};

/** Whether the hashes that are stored are these, one after the other. */
const areStored = (nodes: readonly Buffer[], stored: Buffer): boolean =>
  stored.length === nodes.length * HASH_BYTES &&
  nodes.every((node, at) => node.compare(stored, at * HASH_BYTES, (at + 1) * HASH_BYTES) === 0);

/** `commitments`: null for a place from before the tree. */
export const stepTree = (walk: TreeWalk, link: Link, commitments: Commitments | null): void => {
  const { tree } = link;
  if (!tree || !commitments) return stepOld(walk, link);
  if (!tree.personalSalt) noteErased(walk, link);
  if (MARKERS.test(tree.open.text)) heed(walk, link, tree.open.text);
  const nodes = addLeaf(walk.edge, leafOf(commitments));
  if (!walk.isOff && !areStored(nodes, tree.nodes)) {
    walk.isOff = true;
    const message = `The tree does not fit the log from ${link.seq} on.`;
    walk.problems.push({ seq: link.seq, kind: 'tree_mismatch', eventId: link.eventId, message });
  }
  checkFound(walk, link, tree);
  checkRoot(walk, link.seq);
};

/** Bundles and reports look events up by this: one that is not found is in none of them. */
const checkFound = (walk: TreeWalk, { seq, eventId, event }: Link, { open, found }: TreePlace): void => {
  if (walk.isAstray || !event || isFoundAs(open.text, found)) return;
  walk.isAstray = true;
  const message = `Event ${eventId} at ${seq} is stored under another request, grant or count than it commits to: bundles and reports may lack it.`;
  walk.problems.push({ seq, kind: 'tree_mismatch', eventId, message });
};

/** Problems that only the end shows. */
export const finishTree = (walk: TreeWalk): void => {
  for (const { from, to } of walk.erased)
    if (to > walk.recordedThrough) {
      const message = `The personal parts of ${Math.max(from, walk.recordedThrough + 1)} to ${to} are gone, and no event says that they were erased.`;
      walk.problems.push({ seq: from, kind: 'erased_without_record', eventId: null, message });
    }
  for (const [size, heads] of walk.wanted)
    for (const head of heads) {
      const { source, root } = head;
      if (size === 0 && rootOf(emptyEdge()).equals(root)) continue;
      if (head.isRevoked === true) {
        walk.problems.push(strangeHead(head));
        continue;
      }
      const message = `The tree has ${walk.edge.size} leaves, and ${size} were signed (${source}): the tail was cut off.`;
      walk.problems.push({ seq: walk.before.seq + walk.edge.size + 1, kind: 'truncated', eventId: null, message });
    }
};
