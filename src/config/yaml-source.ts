/** Reads YAML as data only, within limits, and remembers the line of every value. Duplicate keys, tags, bombs and control characters are refused. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { Json } from '../domain/json.ts';
import type { ConfigProblem, Path } from './problem.ts';
import { showPath } from './problem.ts';
import { record } from './record.ts';

const SOURCE_BYTES_MAX = 8 * 1024 * 1024;
const DEPTH_MAX = 24;
const INDENT_MAX = 120;
const ALIASES_MAX = 1000;
const ALIASED_NODES_MAX = 50_000;

export type YamlSource = { value: Json; lineOf: (path: Path) => number | null };

type Place = { offset: number; keys: Map<string, number> };
type Here = { path: Path; offset: number };
type Walk = {
  anchors: Map<string, unknown>;
  places: WeakMap<object, Place>;
  aliases: number;
  aliasedNodes: number;
  /** How many aliases we are inside of. */
  aliasDepth: number;
  refuse(code: string, here: Here, message: string): void;
};

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const TOO_DEEP = `Values are nested more than ${DEPTH_MAX} deep; no policy needs that.`;

/** Before the parser sees it: deep nesting on one line can exhaust its stack or, as `- - - -`, end the process. */
const depthProblemLine = (text: string): number | null => {
  let line = 1;
  for (const content of text.split('\n')) {
    const lead = /^[\s\-?:]*/.exec(content.slice(0, INDENT_MAX + 1))?.[0].length ?? 0;
    if (lead > INDENT_MAX || /(?:[[{]\s*){25}|(?:[-?:]\s+){25}/.test(content)) return line;
    line++;
  }
  return null;
};

const offsetOf = (node: unknown): number => {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
  const start: unknown = Array.isArray(range) ? range[0] : 0;
  return typeof start === 'number' ? start : 0;
};

const CONTROL = /[\p{Cc}]/u;

const hasControl = (text: string): boolean => CONTROL.test(text) && CONTROL.test(text.replace(/[\t\r\n]/g, ''));

const readScalar = (value: unknown, here: Here, walk: Walk): Json => {
  if (typeof value === 'string' && hasControl(value)) {
    walk.refuse('yaml_control_character', here, 'This text holds an invisible control character; remove it.');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    walk.refuse('yaml_number', here, 'This is no number that can be used; write a plain one.');
    return null;
  }
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain ? value : null;
};

type MapNode = { items: readonly { key: unknown; value: unknown }[] };

const readMap = (node: MapNode, here: Here, walk: Walk): Json => {
  const value = record<Json>([]);
  const place: Place = { offset: here.offset, keys: new Map() };
  walk.places.set(value, place);
  for (const pair of node.items) {
    const offset = offsetOf(pair.key);
    const key = isScalar(pair.key) ? String(pair.key.value) : null;
    if (key === null || FORBIDDEN_KEYS.has(key)) {
      const message = key === null ? 'A key must be plain text.' : `"${key}" cannot be used as a name; choose another.`;
      walk.refuse('yaml_key', { path: here.path, offset }, message);
      continue;
    }
    const inside: Here = { path: [...here.path, key], offset };
    if (place.keys.has(key)) {
      walk.refuse('yaml_duplicate_key', inside, `"${key.slice(0, 80)}" stands here twice; keep one.`);
    } else {
      place.keys.set(key, offset);
      readScalar(key, inside, walk);
      value[key] = readNode(pair.value, inside.path, walk);
    }
  }
  return value;
};

const readAlias = (name: string, here: Here, walk: Walk): Json => {
  const node = walk.anchors.get(name);
  if (node === undefined) {
    walk.refuse('yaml_alias', here, `*${name.slice(0, 40)} refers to nothing that stands before it.`);
    return null;
  }
  if (++walk.aliases > ALIASES_MAX || walk.aliasedNodes > ALIASED_NODES_MAX) {
    if (walk.aliases !== Infinity) {
      walk.refuse('yaml_too_many_aliases', here, 'Aliases (*name) repeat too much; write the values out.');
    }
    walk.aliases = Infinity;
    return null;
  }
  walk.aliasDepth++;
  const value = readNode(node, here.path, walk);
  walk.aliasDepth--;
  return value;
};

const readNode = (node: unknown, path: Path, walk: Walk): Json => {
  const offset = offsetOf(node);
  if (path.length > DEPTH_MAX) {
    walk.refuse('yaml_too_deep', { path: path.slice(0, 3), offset }, TOO_DEEP);
    return null;
  }
  if (walk.aliasDepth > 0) walk.aliasedNodes++;
  const here: Here = { path, offset };
  if (isAlias(node)) return readAlias(node.source, here, walk);
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) walk.anchors.set(node.anchor, node);
  if (isScalar(node)) return readScalar(node.value, here, walk);
  if (isMap(node)) return readMap(node, here, walk);
  if (!isSeq(node)) return null;
  const place: Place = { offset, keys: new Map() };
  const value: Json[] = node.items.map((item, index) => {
    place.keys.set(String(index), offsetOf(item));
    return readNode(item, [...path, index], walk);
  });
  walk.places.set(value, place);
  return value;
};

const offsetAt = (root: Json, path: Path, places: Walk['places']): number | null => {
  let value: Json | undefined = root;
  let offset: number | null = null;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) break;
    const at = places.get(value)?.keys.get(String(part));
    if (at === undefined) break;
    offset = at;
    value = (value as Record<string, Json>)[String(part)];
  }
  return offset;
};

type Refused = { problems: ConfigProblem[] };

const whole = (code: string, line: number | null, message: string): Refused => ({
  problems: [{ code, path: '', line, message }],
});

const sourceProblem = (text: string): Refused | null => {
  if (Buffer.byteLength(text) > SOURCE_BYTES_MAX) {
    return whole('yaml_too_large', null, `The file is larger than ${SOURCE_BYTES_MAX / 1024 / 1024} MiB; shorten it.`);
  }
  const nul = text.indexOf('\0');
  const nulMessage = 'The file holds a NUL character; it is not text. Save it as UTF-8.';
  if (nul >= 0) return whole('yaml_control_character', text.slice(0, nul).split('\n').length, nulMessage);
  const deep = depthProblemLine(text);
  return deep === null ? null : whole('yaml_too_deep', deep, TOO_DEEP);
};

const PROBLEMS_MAX = 100;

type LineAt = (offset: number) => number;

const syntaxProblems = (document: Document.Parsed, lineAt: LineAt): ConfigProblem[] => {
  const found = [...document.errors, ...document.warnings].slice(0, PROBLEMS_MAX);
  const deep = found.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (deep) return whole('yaml_too_deep', lineAt(deep.pos[0]), TOO_DEEP).problems;
  return found.map((error) => ({
    code: 'yaml_syntax',
    path: '',
    line: lineAt(error.pos[0]),
    message: `This is not valid YAML: ${error.message.slice(0, 200)}. Check indentation, colons and quotes.`,
  }));
};

const PARSE = {
  strict: true,
  merge: false,
  stringKeys: true,
  prettyErrors: false,
  // Not 'silent', which would let a second document pass unread.
  logLevel: 'error',
  // Duplicate keys are looked for in `readMap`, with a set: the parser's own check is quadratic.
  uniqueKeys: false,
} as const;

/** The whole file as data, or every problem found; never throws. */
export const readYaml = (text: string): YamlSource | Refused => {
  const refused = sourceProblem(text);
  if (refused) return refused;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...PARSE, lineCounter });
  const lineAt: LineAt = (offset) => lineCounter.linePos(offset).line || 1;
  const syntax = syntaxProblems(document, lineAt);
  if (syntax.length > 0) return { problems: syntax };
  const problems: ConfigProblem[] = [];
  const refuse: Walk['refuse'] = (code, { path, offset }, message) => {
    if (problems.length < PROBLEMS_MAX) problems.push({ code, path: showPath(path), line: lineAt(offset), message });
  };
  const walk: Walk = { anchors: new Map(), places: new WeakMap(), aliases: 0, aliasedNodes: 0, aliasDepth: 0, refuse };
  const value = readNode(document.contents, [], walk);
  if (problems.length > 0) return { problems };
  const lineOf = (path: Path): number | null => {
    const offset = offsetAt(value, path, walk.places);
    return offset === null ? null : lineAt(offset);
  };
  return { value, lineOf };
};
