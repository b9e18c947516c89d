/** The names that a condition may use, and what somebody who misspelt one probably meant. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { nearest } from '../../lib/nearest.ts';

/** Variables and the types of their fields, as CEL calls them. `now` is a time, `windows` and `freezes` are lists of names: they have none. */
export const FIELDS = {
  request: {
    target: 'string',
    role: 'string',
    duration: 'google.protobuf.Duration',
    reason: 'string',
    ticket: 'string',
  },
  requester: { email: 'string', groups: 'list<string>' },
  incident: { open: 'bool', channel: 'string', severity: 'string' },
  client: {
    name: 'string',
    issuer: 'string',
    repository: 'string',
    repository_id: 'string',
    ref: 'string',
    environment: 'string',
    workflow: 'string',
    event: 'string',
    run: 'string',
    attempt: 'int',
    sha: 'string',
    actor: 'string',
  },
  pull_request: {
    number: 'int',
    labels: 'list<string>',
    author: 'string',
    base: 'string',
    head: 'string',
    sha: 'string',
  },
  alert: { firing: 'bool', name: 'string', source: 'string', severity: 'string' },
  local: { hour: 'int', weekday: 'string' },
} as const;

export const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

export const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'start' in value;

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

const orNearest = (word: string, names: readonly string[]): string => {
  const near = nearest(word, names);
  return near === null ? `; known are ${names.join(', ')}` : `; did you mean "${near}"?`;
};

const fieldsOf = (variable: string): string[] =>
  Object.entries(FIELDS).flatMap(([name, fields]) => (name === variable ? Object.keys(fields) : []));

/** By the error's code and place in the condition, never by its text; null where it is another error. */
export const misspelling = (error: object, functions: readonly string[]): string | null => {
  if (!('code' in error && 'node' in error && isNode(error.node))) return null;
  const { op, args }: { op: string; args: unknown } = error.node;
  const parts: unknown[] = Array.isArray(args) ? args : [args];
  if (error.code === 'unknown_variable') {
    const word = textIn(parts[0]);
    return `"${word}" is no variable of conditions${orNearest(word, [...Object.keys(FIELDS), 'now', 'windows', 'freezes'])}`;
  }
  if (error.code === 'no_such_key' && op === '.') {
    const variable = isNode(parts[0]) && parts[0].op === 'id' ? textIn(parts[0].args) : '';
    const fields = fieldsOf(variable);
    const word = textIn(parts[1]);
    return fields.length > 0 ? `${variable} has no field "${word}"${orNearest(word, fields)}` : null;
  }
  const called = op === 'call' || op === 'rcall' ? textIn(parts[0]) : '';
  return called === '' || functions.includes(called)
    ? null
    : `there is no function ${called}()${orNearest(called, functions)}`;
};
