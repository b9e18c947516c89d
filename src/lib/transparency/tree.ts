/** The Merkle tree of RFC 6962 with SHA-256. Hashes of complete subtrees are stored by the one who calls; nothing here reads or writes. */
import { sha256 } from '../sha256.ts';

export const HASH_BYTES = 32;

const LEAF = 0;
const NODE = 1;

/** Millions of them are made in a row, so none gets a buffer of its own. */
const pair = Buffer.alloc(1 + 2 * HASH_BYTES);

const pairHash = (kind: number, first: Uint8Array, second: Uint8Array): Buffer => {
  if (first.length !== HASH_BYTES || second.length !== HASH_BYTES) throw new RangeError('A hash has 32 bytes.');
  pair[0] = kind;
  pair.set(first, 1);
  pair.set(second, 1 + HASH_BYTES);
  return sha256(pair);
};

const LEAF_BYTE = Buffer.from([LEAF]);
const EMPTY_ROOT = sha256(Buffer.alloc(0));
/** An entry here is two hashes. */
export const leafHash = (first: Uint8Array, second: Uint8Array): Buffer => pairHash(LEAF, first, second);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => pairHash(NODE, left, right);

/** The right edge: a complete subtree for each bit of the size, the largest first. */
export type Edge = { size: number; peaks: Buffer[] };
export const emptyEdge = (): Edge => ({ size: 0, peaks: [] });

/** Adds a leaf to the edge and returns the hashes of the complete subtrees that end with it, the leaf's own first. */
export const addLeaf = (edge: Edge, leaf: Buffer): Buffer[] => {
  const nodes = [leaf];
  let hash = leaf;
  for (let size = edge.size; size % 2 === 1; size = (size - 1) / 2) {
    const left = edge.peaks.pop();
    if (!left) throw new Error('The edge of the tree has fewer peaks than its size says.');
    hash = nodeHash(left, hash);
    nodes.push(hash);
  }
  edge.peaks.push(hash);
  edge.size += 1;
  return nodes;
};

const joined = (hashes: readonly Buffer[]): Buffer => {
  const [last, ...rest] = hashes.toReversed();
  return last ? rest.reduce((right, left) => nodeHash(left, right), last) : EMPTY_ROOT;
};

export const rootOf = ({ peaks }: Edge): Buffer => joined(peaks);

/** Of a small tree over texts. */
export const rootOfTexts = (texts: readonly string[]): Buffer => {
  const edge = emptyEdge();
  for (const text of texts) addLeaf(edge, sha256(Buffer.concat([LEAF_BYTE, Buffer.from(text)])));
  return rootOf(edge);
};

/** Leaves `start` <= index < `end`. */
type Range = { start: number; end: number };

/** A complete subtree: it ends with the leaf `lastLeaf`, and is the one of so many levels among those that do. */
export type NodeRef = { level: number; lastLeaf: number };

const largestPowerBelow = (n: number): number => {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
};

/** The complete subtrees of a range that begins where one may. */
const completeIn = ({ start, end }: Range): NodeRef[] => {
  const found: NodeRef[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    while (2 ** (level + 1) <= end - at) level += 1;
    found.push({ level, lastLeaf: at + 2 ** level - 1 });
    at += 2 ** level;
  }
  return found;
};

/** RFC 6962, 2.1.1: from the leaf's sibling upwards. */
const inclusionRanges = (index: number, { start, end }: Range): Range[] => {
  if (end - start <= 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return index < middle
    ? [...inclusionRanges(index, { start, end: middle }), { start: middle, end }]
    : [...inclusionRanges(index, { start: middle, end }), { start, end: middle }];
};

/** RFC 6962, 2.1.2. */
const consistencyRanges = (oldSize: number, { start, end }: Range, isWhole: boolean): Range[] => {
  if (oldSize === end) return isWhole ? [] : [{ start, end }];
  const middle = start + largestPowerBelow(end - start);
  return oldSize <= middle
    ? [...consistencyRanges(oldSize, { start, end: middle }, isWhole), { start: middle, end }]
    : [...consistencyRanges(oldSize, { start: middle, end }, false), { start, end: middle }];
};

/** Which stored hashes are needed, and what is made of them. */
export type Plan = { needs: NodeRef[]; make: (find: (ref: NodeRef) => Buffer) => Buffer[] };

const planOf = (ranges: readonly Range[]): Plan => {
  const parts = ranges.map(completeIn);
  return { needs: parts.flat(), make: (find) => parts.map((refs) => joined(refs.map(find))) };
};

const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0;

export const inclusionPlan = (index: number, size: number): Plan => {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`);
  return planOf(inclusionRanges(index, { start: 0, end: size }));
};

export const consistencyPlan = (oldSize: number, size: number): Plan => {
  if (!isSize(oldSize) || !isSize(size) || oldSize > size)
    throw new RangeError(`A tree of ${size} leaves has no earlier size ${oldSize}.`);
  return planOf(oldSize === 0 ? [] : consistencyRanges(oldSize, { start: 0, end: size }, true));
};

export const rootPlan = (size: number): Plan => {
  if (!isSize(size)) throw new RangeError(`${size} is no size of a tree.`);
  return size === 0 ? { needs: [], make: () => [EMPTY_ROOT] } : planOf([{ start: 0, end: size }]);
};

/** RFC 9162, 2.1.3.2. */
export const isIncluded = (
  leaf: Buffer,
  { index, size, path, root }: { index: number; size: number; path: readonly Buffer[]; root: Buffer },
): boolean => {
  if (index >= size) return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
};

type Heads = { oldSize: number; oldRoot: Buffer; size: number; root: Buffer };

/** RFC 9162, 2.1.4.2. */
export const isConsistent = ({ oldSize, oldRoot, size, root }: Heads, proof: readonly Buffer[]): boolean => {
  if (oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && oldRoot.equals(root);
  if (oldSize === 0) return proof.length === 0 && oldRoot.equals(EMPTY_ROOT);
  const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let [node, last] = [oldSize - 1, size - 1];
  while (node % 2 === 1) [node, last] = [(node - 1) / 2, Math.floor(last / 2)];
  let [older, newer] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else newer = nodeHash(newer, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && older.equals(oldRoot) && newer.equals(root);
};
