/** Turns what the schema refuses into sentences, and drops the refused parts so that the rest can still be checked in the same go. */
import type { z } from 'zod';
import type { Json } from '../domain/json.ts';
import { policyDocument, policyJsonSchema } from './policy-schema.ts';
import type { PolicyDocument } from './policy-schema.ts';
import { showPath, suggestion } from './problem.ts';
import type { ConfigProblem, Path } from './problem.ts';
import { record } from './record.ts';
import type { YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;
type Shape = { properties?: Record<string, Shape>; additionalProperties?: Shape | boolean; items?: Shape };

const pathOf = (issue: Issue): (string | number)[] =>
  issue.path.map((part) => (typeof part === 'number' ? part : String(part)));

const at = (value: Json | undefined, path: Path): Json | undefined => {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, String(part))) return undefined;
    found = (found as Record<string, Json>)[String(part)];
  }
  return found;
};

const knownKeys = (path: Path): string[] => {
  let shape: Shape | undefined = policyJsonSchema();
  for (const part of path) {
    if (typeof part === 'number') shape = shape?.items;
    else
      shape =
        shape?.properties?.[part] ??
        (typeof shape?.additionalProperties === 'object' ? shape.additionalProperties : undefined);
  }
  return Object.keys(shape?.properties ?? {});
};

const typeName = (value: Json): string => {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'a group of keys'
    : typeof value === 'string'
      ? 'text'
      : typeof value === 'number'
        ? 'a number'
        : 'true or false';
};

const issueProblems = (issue: Issue, source: YamlSource): ConfigProblem[] => {
  const path = pathOf(issue);
  const last = path.at(-1);
  const make = (code: string, message: string, where: Path = path): ConfigProblem => ({
    code,
    path: showPath(where),
    line: source.lineOf(where),
    message,
  });
  const subject =
    typeof last === 'number' ? `Entry ${last + 1} of ${showPath(path.slice(0, -1))}` : `"${last ?? 'the file'}"`;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) =>
      make(
        'unknown_key',
        `"${key.slice(0, 60)}" is not known here${suggestion(key, known, `known are: ${known.join(', ')}.`)}`,
        [...path, key],
      ),
    );
  }
  if (issue.code === 'invalid_key')
    return [make('bad_name', `${subject} ${issue.issues[0]?.message ?? 'is no name'}.`)];
  const value = at(source.value, path);
  if (value === undefined) return [make('missing_key', `${subject} is missing; it ${issue.message}.`)];
  if (issue.code === 'too_small' || issue.code === 'too_big') return [make('bad_size', `${subject} ${issue.message}.`)];
  const isWrongType = issue.code === 'invalid_type';
  return [
    make(
      isWrongType ? 'wrong_type' : 'bad_value',
      `${subject} ${issue.message}${isWrongType ? `, not ${typeName(value)}` : ''}.`,
    ),
  ];
};

const NAMED = new Set(['groups', 'targets', 'rules', 'tests', 'issuers', 'clients', 'accounts']);

/** The smallest part that can be dropped without bending what is left: one group, target, rule or test, or one top-level key. */
const droppable = (path: Path): Path => path.slice(0, NAMED.has(String(path[0])) ? 2 : 1);

const dropPart = (root: Json, path: Path): void => {
  const holder = at(root, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof holder !== 'object' || holder === null || key === undefined) return;
  if (Array.isArray(holder)) holder[Number(key)] = null;
  else delete holder[String(key)];
};

/** Lists keep their length while parts are dropped, so that the numbers in paths stay those of the file. */
const withoutHoles = (root: Json): Json => {
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return root;
  const copy: Record<string, Json> = { ...root };
  for (const key of ['rules', 'tests'])
    if (Array.isArray(copy[key])) copy[key] = copy[key].filter((item) => item !== null);
  return copy;
};

const copyOf = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return record(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
};

export type Shaped = {
  /** What is left once the refused parts were dropped; null when nothing can be checked further. */
  document: PolicyDocument | null;
  /** Positions of the remaining rules and tests in the file. */
  ruleAt: number[];
  testAt: number[];
  problems: ConfigProblem[];
};

const positions = (root: Json, key: string): number[] => {
  const list = at(root, [key]);
  return Array.isArray(list) ? [...list.keys()].filter((index) => list[index] !== null) : [];
};

export const shapePolicy = (source: YamlSource): Shaped => {
  const first = policyDocument.safeParse(source.value);
  if (first.success)
    return {
      document: first.data,
      ruleAt: positions(source.value, 'rules'),
      testAt: positions(source.value, 'tests'),
      problems: [],
    };
  const { issues } = first.error;
  const problems = issues.flatMap((issue) => issueProblems(issue, source));
  const rest = copyOf(source.value);
  for (const issue of issues) {
    const path = pathOf(issue);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) dropPart(rest, [...path, key]);
    } else dropPart(rest, droppable(path));
  }
  const second = policyDocument.safeParse(withoutHoles(rest));
  return {
    document: second.success ? second.data : null,
    ruleAt: positions(rest, 'rules'),
    testAt: positions(rest, 'tests'),
    problems,
  };
};
