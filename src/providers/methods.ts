/** Every method of a connection, listed once: what it takes and how long it may last. Guard and `defineProvider` wrap by this list. */
import type { Json } from '../domain/json.ts';
import type { Connection, Ours } from './provider.ts';

type Items = { scope: Json; handle: Json | undefined; grantId: string }[];

/** How each kind of argument crosses from JSON to a provider's own types. */
export type Parsers = {
  scope: (value: Json) => unknown;
  handle: (value: Json) => unknown;
  handleOrNone: (value: Json | undefined) => unknown;
  /** Of a target, by role. */
  scopes: (value: Record<string, Json>) => unknown;
  items: (value: Items) => unknown;
  ours: (value: Ours<Json>) => unknown;
  asIs: (value: unknown) => unknown;
};

type Method = { takes: readonly (keyof Parsers)[]; timeoutMs: number | null };

const ORDINARY_MS = 20_000;
/** A look that comes again in a moment is not worth the patience that work is. */
const LOOK_MS = 5_000;
/** Answered from what is known, without the target: no time-out, no second try, not counted. */
const AT_ONCE = null;

export const METHODS = {
  grant: { takes: ['scope', 'asIs'], timeoutMs: ORDINARY_MS },
  close: { takes: ['scope', 'handleOrNone', 'asIs'], timeoutMs: ORDINARY_MS },
  closeMany: { takes: ['items', 'asIs'], timeoutMs: ORDINARY_MS },
  revoke: { takes: ['scope', 'handleOrNone', 'asIs'], timeoutMs: ORDINARY_MS },
  find: { takes: ['scope', 'asIs'], timeoutMs: LOOK_MS },
  check: { takes: ['scope', 'handleOrNone', 'asIs'], timeoutMs: ORDINARY_MS },
  extend: { takes: ['scope', 'handle', 'asIs'], timeoutMs: ORDINARY_MS },
  revokeMany: { takes: ['items', 'asIs'], timeoutMs: ORDINARY_MS },
  recorded: { takes: ['items', 'asIs'], timeoutMs: ORDINARY_MS },
  isRecorded: { takes: ['scope'], timeoutMs: AT_ONCE },
  terms: { takes: ['scope'], timeoutMs: AT_ONCE },
  activity: { takes: ['asIs'], timeoutMs: LOOK_MS },
  listOurs: { takes: ['asIs'], timeoutMs: ORDINARY_MS },
  listLookalikes: { takes: ['scopes', 'asIs'], timeoutMs: ORDINARY_MS },
  restore: { takes: ['scope', 'asIs'], timeoutMs: ORDINARY_MS },
  preflight: { takes: ['scopes', 'asIs'], timeoutMs: ORDINARY_MS },
  differences: { takes: ['scope', 'ours', 'asIs'], timeoutMs: AT_ONCE },
  issue: { takes: ['scope', 'handle', 'asIs'], timeoutMs: AT_ONCE },
  manual: { takes: ['scope', 'handleOrNone', 'asIs'], timeoutMs: AT_ONCE },
  guarantee: { takes: ['scope'], timeoutMs: AT_ONCE },
  disconnect: { takes: [], timeoutMs: AT_ONCE },
} as const satisfies Record<keyof Connection<unknown, unknown>, Method>;

export type MethodName = keyof typeof METHODS;

/** Those that ask the target something. */
export type Verb = {
  [Name in MethodName]: (typeof METHODS)[Name]['timeoutMs'] extends null ? never : Name;
}[MethodName];

export const isVerb = (name: MethodName): name is Verb => METHODS[name].timeoutMs !== null;

export type AnyMethod = (...args: unknown[]) => unknown;

const NAMES = Object.keys(METHODS) as MethodName[];

/**
 * A connection with the same methods, each wrapped; one that the provider left out stays left out. What comes in and goes out is typed
 * by the connection; in between, all methods are alike.
 */
export const wrapMethods = <Wrapped>(
  connection: Partial<Record<MethodName, unknown>>,
  wrap: (name: MethodName, call: AnyMethod) => AnyMethod,
): Wrapped =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const method = connection[name];
      if (typeof method !== 'function') return [];
      const call: AnyMethod = (...args) => Reflect.apply(method, connection, args);
      return [[name, wrap(name, call)]];
    }),
  ) as Wrapped;
