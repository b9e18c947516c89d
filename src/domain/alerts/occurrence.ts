/** What a signal changes about what is known under its key. Pure. */
import type { AlertMapping, Policy } from '../policy/types.ts';
import { mappingNamed, mappingOf } from './mapping.ts';
import type { AlertSignal, AlertSource, Heard, KnownSignal } from './types.ts';

/** `after`: what is known now. `signal` is the one that changed it last. */
export type AlertTransition = { signal: AlertSignal; before: KnownSignal | null; after: Heard };

const later = (a: Date, b: Date): Date => (a > b ? a : b);

const ends = ({ at, endsBegunBy = at }: AlertSignal, began: Date): boolean =>
  endsBegunBy === 'any' || began <= endsBegunBy;

/** null: it is a repeat, a replay or older than what is known. Of two signals of one moment the end is believed. */
const hear = (known: Heard | null, signal: AlertSignal): Heard | null => {
  const { state, at } = signal;
  if (!known) return { state, at };
  if (state === 'resolved' && known.state === 'firing')
    return ends(signal, known.at) ? { state, at: later(at, known.at) } : null;
  return at > known.at ? { state, at } : null;
};

const byTime = (a: AlertSignal, b: AlertSignal): number =>
  a.at.getTime() - b.at.getTime() || Number(a.state === 'resolved') - Number(b.state === 'resolved');

const transitionOf = (signals: readonly AlertSignal[], before: KnownSignal | null): AlertTransition | null => {
  let transition: AlertTransition | null = null;
  for (const signal of [...signals].sort(byTime)) {
    const after = hear(transition?.after ?? before, signal);
    if (after) transition = { signal, before, after };
  }
  return transition;
};

/** One delivery, key by key. */
export const hearAll = (
  signals: readonly AlertSignal[],
  known: ReadonlyMap<string, KnownSignal>,
): AlertTransition[] => {
  const byKey = new Map<string, AlertSignal[]>();
  for (const signal of signals) byKey.set(signal.key, [...(byKey.get(signal.key) ?? []), signal]);
  return [...byKey].flatMap(([key, said]) => transitionOf(said, known.get(key) ?? null) ?? []);
};

/** Alertmanager's fingerprint names the same labels each time they fire; elsewhere a key is one occurrence, reopened or not. */
const RECURS = { alertmanager: true, pagerduty: false, generic: false } satisfies Record<AlertSource, boolean>;

/**
 * The name of the entry that a signal belongs to; null where the policy does not speak of it. What is known belongs to its alert,
 * whatever it matches now and also when its entry is gone; only what begins is matched.
 */
export const entryOf = (
  policy: Pick<Policy, 'alerts'>,
  signal: AlertSignal,
  known: KnownSignal | null,
): string | null => {
  const matched = (): string | null => mappingOf(policy, signal)?.name ?? null;
  if (!known || known.mapping === null) return matched();
  if (signal.state === 'resolved' || known.state === 'firing') return known.mapping;
  const isBegun = RECURS[signal.source] || mappingNamed(policy, known.mapping) === null;
  return isBegun ? matched() : known.mapping;
};

/** The target and role that an entry is about; none where the entry is gone. */
export const subjectOf = (
  policy: Pick<Policy, 'alerts'>,
  mapping: string,
): Pick<AlertMapping, 'target' | 'role'> | { target: null; role: null } =>
  mappingNamed(policy, mapping) ?? { target: null, role: null };
