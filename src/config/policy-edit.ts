/** Changes single values in the text of a policy file and leaves all the rest of it as it was written; and the difference, for people. */
import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair, YAMLMap } from 'yaml';

/** `value` is plain text such as `1h`; null takes the entry away. */
export type PolicyEdit = { path: readonly string[]; value: string | null };
export type EditedPolicy = { text: string; diff: string };

type Change = { from: number; to: number; text: string };

const startOf = (node: unknown): number | null =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : null;

const pairIn = (map: YAMLMap, key: string): Pair | null =>
  map.items.find((pair) => isScalar(pair.key) && pair.key.value === key) ?? null;

/** Whole lines of a block, where it is not the only entry. */
const removal = (text: string, map: YAMLMap, key: string): Change | null => {
  const at = map.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === key);
  const begin = startOf(map.items[at]?.key);
  const value = map.items[at]?.value;
  if (map.flow === true || map.items.length < 2 || begin === null) return null;
  const end = isMap(value) || isScalar(value) ? (value.range?.[1] ?? begin) : begin;
  const next = text.indexOf('\n', Math.max(begin, end - 1));
  return { from: text.lastIndexOf('\n', begin) + 1, to: next < 0 ? text.length : next + 1, text: '' };
};

const insertion = (text: string, map: YAMLMap, entry: string): Change | null => {
  const begin = startOf(map.items[0]?.key);
  if (begin === null) return null;
  const lineStart = text.lastIndexOf('\n', begin) + 1;
  const between = map.flow === true ? ', ' : `\n${' '.repeat(begin - lineStart)}`;
  return { from: begin, to: begin, text: `${entry}${between}` };
};

const changeOf = (text: string, root: unknown, { path, value }: PolicyEdit): Change | null => {
  const key = path.at(-1) ?? '';
  let map = root;
  for (const name of path.slice(0, -1)) map = isMap(map) ? (pairIn(map, name)?.value ?? null) : null;
  if (!isMap(map)) return null;
  if (value === null) return removal(text, map, key);
  const found = pairIn(map, key)?.value;
  if (found === undefined) return insertion(text, map, `${key}: ${value}`);
  if (!isScalar(found) || !found.range) return null;
  return { from: found.range[0], to: found.range[1], text: value };
};

const CONTEXT = 2;
type Row = { mark: ' ' | '-' | '+'; text: string; before: number };

/** Changed lines stand alone between unchanged ones, so that no search for what is common is needed. */
const rowsOf = (before: readonly string[], after: ReadonlyMap<number, string[]>): Row[] =>
  before.flatMap((text, at): Row[] => {
    const now = after.get(at);
    if (!now) return [{ mark: ' ', text, before: at }];
    return [{ mark: '-', text, before: at }, ...now.map((line): Row => ({ mark: '+', text: line, before: at }))];
  });

const diffOf = (before: readonly string[], after: ReadonlyMap<number, string[]>, path: string): string => {
  const rows = rowsOf(before, after);
  const changed = [...after.keys()];
  const isNear = (at: number): boolean => changed.some((line) => Math.abs(line - at) <= CONTEXT);
  const lines: string[] = [];
  let [last, added] = [-2, 0];
  let hunk: Row[] = [];
  const flush = (): void => {
    if (hunk.length === 0) return;
    const [kept, gone] = [hunk.filter(({ mark }) => mark !== '-'), hunk.filter(({ mark }) => mark !== '+')];
    const from = (hunk[0]?.before ?? 0) + 1;
    lines.push(
      `@@ -${from},${gone.length} +${from + added},${kept.length} @@`,
      ...hunk.map(({ mark, text }) => `${mark}${text}`),
    );
    added += kept.length - gone.length;
    hunk = [];
  };
  for (const row of rows.filter(({ before: at }) => isNear(at))) {
    if (row.before > last + 1) flush();
    hunk.push(row);
    last = row.before;
  }
  flush();
  return [`--- ${path}`, `+++ ${path}`, ...lines, ''].join('\n');
};

/** `skipped`: edits for which there is no place of their own in the text, as behind an alias. */
export const editPolicy = (
  text: string,
  edits: readonly PolicyEdit[],
  path: string,
): EditedPolicy & { skipped: PolicyEdit[] } => {
  const { contents } = parseDocument(text);
  const found = edits.map((edit) => ({ edit, change: changeOf(text, contents, edit) }));
  const changes = found.flatMap(({ change }) => change ?? []).sort((a, b) => a.from - b.from);
  const before = text.split('\n');
  const after = new Map<number, string[]>();
  let offset = 0;
  for (const [at, line] of before.entries()) {
    const end = offset + line.length;
    const here = changes.filter(({ from, to }) => from <= end && (to > offset || from >= offset));
    if (here.some((change) => change.text === '')) after.set(at, []);
    else if (here.length > 0) {
      const edited = here.reduceRight(
        (made, change) => `${made.slice(0, change.from - offset)}${change.text}${made.slice(change.to - offset)}`,
        line,
      );
      after.set(at, edited.split('\n'));
    }
    offset = end + 1;
  }
  const made = before.flatMap((line, at) => after.get(at) ?? [line]).join('\n');
  const skipped = found.filter(({ change }) => change === null).map(({ edit }) => edit);
  return { text: made, diff: after.size === 0 ? '' : diffOf(before, after, path), skipped };
};
