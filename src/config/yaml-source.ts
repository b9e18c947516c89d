/** Reads YAML as data only, within limits, and remembers the line of every value. Duplicate keys, tags, bombs and control characters are refused. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Json } from '../core/types.ts';
import type { ConfigProblem, Path } from './problem.ts';
import { showPath } from './problem.ts';

export const SOURCE_BYTES_MAX = 8 * 1024 * 1024;
const DEPTH_MAX = 24;
const INDENT_MAX = 120;
const ALIASES_MAX = 1000;
const ALIASED_NODES_MAX = 50_000;

export type YamlSource = { value: Json; lineOf(path: Path): number | null };

type Place = { offset: number; keys: Map<string, number> };
type Walk = {
  anchors: Map<string, unknown>;
  places: WeakMap<object, Place>;
  aliases: number;
  aliasedNodes: number;
  refuse(code: string, path: Path, offset: number | null, message: string): void;
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

const readScalar = (value: unknown, path: Path, offset: number, walk: Walk): Json => {
  if (typeof value === 'string' && /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)) {
    walk.refuse('yaml_control_character', path, offset, 'This text holds an invisible control character; remove it.');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    walk.refuse('yaml_number', path, offset, 'This is no number that can be used; write a plain one.');
    return null;
  }
  if (typeof value === 'bigint') return Number(value);
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : null;
};

const readMap = (
  node: { items: { key: unknown; value: unknown }[] },
  path: Path,
  walk: Walk,
  isAliased: boolean,
): Json => {
  const value: { [key: string]: Json } = Object.create(null);
  const place: Place = { offset: offsetOf(node), keys: new Map() };
  walk.places.set(value, place);
  for (const pair of node.items) {
    const offset = offsetOf(pair.key);
    const key = isScalar(pair.key) ? String(pair.key.value) : null;
    if (key === null || FORBIDDEN_KEYS.has(key)) {
      walk.refuse(
        'yaml_key',
        path,
        offset,
        key === null ? 'A key must be plain text.' : `"${key}" cannot be used as a name; choose another.`,
      );
    } else if (place.keys.has(key)) {
      walk.refuse('yaml_duplicate_key', [...path, key], offset, `"${key.slice(0, 80)}" stands here twice; keep one.`);
    } else {
      place.keys.set(key, offset);
      readScalar(key, [...path, key], offset, walk);
      value[key] = readNode(pair.value, [...path, key], walk, isAliased);
    }
  }
  return value;
};

const readAlias = (name: string, path: Path, offset: number, walk: Walk): Json => {
  const node = walk.anchors.get(name);
  if (node === undefined) {
    walk.refuse('yaml_alias', path, offset, `*${name.slice(0, 40)} refers to nothing that stands before it.`);
    return null;
  }
  if (++walk.aliases > ALIASES_MAX || walk.aliasedNodes > ALIASED_NODES_MAX) {
    if (walk.aliases !== Infinity)
      walk.refuse('yaml_too_many_aliases', path, offset, 'Aliases (*name) repeat too much; write the values out.');
    walk.aliases = Infinity;
    return null;
  }
  return readNode(node, path, walk, true);
};

const readNode = (node: unknown, path: Path, walk: Walk, isAliased: boolean): Json => {
  const offset = offsetOf(node);
  if (path.length > DEPTH_MAX) {
    walk.refuse('yaml_too_deep', path.slice(0, 3), offset, TOO_DEEP);
    return null;
  }
  if (isAliased) walk.aliasedNodes++;
  if (isAlias(node)) return readAlias(node.source, path, offset, walk);
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) walk.anchors.set(node.anchor, node);
  if (isScalar(node)) return readScalar(node.value, path, offset, walk);
  if (isMap(node)) return readMap(node, path, walk, isAliased);
  if (!isSeq(node)) return null;
  const place: Place = { offset, keys: new Map() };
  const value: Json[] = node.items.map((item, index) => {
    place.keys.set(String(index), offsetOf(item));
    return readNode(item, [...path, index], walk, isAliased);
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

const whole = (code: string, line: number | null, message: string): { problems: ConfigProblem[] } => ({
  problems: [{ code, path: '', line, message }],
});

const sourceProblem = (text: string): { problems: ConfigProblem[] } | null => {
  if (Buffer.byteLength(text) > SOURCE_BYTES_MAX)
    return whole(
      'yaml_too_large',
      null,
      `The file is larger than ${SOURCE_BYTES_MAX / 1024 / 1024} MiB; split what it describes.`,
    );
  const nul = text.indexOf('\0');
  if (nul >= 0)
    return whole(
      'yaml_control_character',
      text.slice(0, nul).split('\n').length,
      'The file holds a NUL character; it is not text. Save it as UTF-8.',
    );
  const deep = depthProblemLine(text);
  return deep === null ? null : whole('yaml_too_deep', deep, TOO_DEEP);
};

const PROBLEMS_MAX = 100;

export const readYaml = (text: string): YamlSource | { problems: ConfigProblem[] } => {
  const refused = sourceProblem(text);
  if (refused) return refused;
  const lineCounter = new LineCounter();
  // Duplicate keys are looked for below, with a set: the parser's own check is quadratic.
  const document = parseDocument(text, {
    strict: true,
    uniqueKeys: false,
    merge: false,
    stringKeys: true,
    prettyErrors: false,
    lineCounter,
    logLevel: 'silent',
  });
  const lineAt = (offset: number): number => lineCounter.linePos(offset).line || 1;
  const found = [...document.errors, ...document.warnings].slice(0, PROBLEMS_MAX);
  const syntax = found.map((error): ConfigProblem => {
    const isDeep = error.code === 'RESOURCE_EXHAUSTION';
    const message = isDeep
      ? TOO_DEEP
      : `This is not valid YAML: ${error.message.slice(0, 200)}. Check indentation, colons and quotes.`;
    return { code: isDeep ? 'yaml_too_deep' : 'yaml_syntax', path: '', line: lineAt(error.pos[0]), message };
  });
  if (syntax.some(({ code }) => code === 'yaml_too_deep'))
    return { problems: syntax.filter(({ code }) => code === 'yaml_too_deep').slice(0, 1) };
  if (syntax.length > 0) return { problems: syntax };
  const problems: ConfigProblem[] = [];
  const refuse: Walk['refuse'] = (code, path, offset, message) => {
    if (problems.length < PROBLEMS_MAX)
      problems.push({ code, path: showPath(path), line: offset === null ? null : lineAt(offset), message });
  };
  const walk: Walk = { anchors: new Map(), places: new WeakMap(), aliases: 0, aliasedNodes: 0, refuse };
  const value = readNode(document.contents, [], walk, false);
  if (problems.length > 0) return { problems };
  const lineOf = (path: Path): number | null => {
    const offset = offsetAt(value, path, walk.places);
    return offset === null ? null : lineAt(offset);
  };
  return { value, lineOf };
};
