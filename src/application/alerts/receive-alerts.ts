/** Takes in what sources say: what the policy maps is kept, notified and recorded; what it does not is counted by the caller. */
import { entryOf, hearAll, subjectOf } from '../../domain/alerts/occurrence.ts';
import type { AlertTransition } from '../../domain/alerts/occurrence.ts';
import type { AlertSignal, AlertSource, KnownSignal } from '../../domain/alerts/types.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { AlertOutcome } from './alert-ports.ts';
import type { Deps, Tx } from '../deps.ts';

/** One that comes back soon is the same trouble: its message is refreshed, and nobody is pinged again. */
const REOPEN_MS = 10 * 60_000;

const EVENTS: Partial<Record<AlertOutcome, 'alert.fired' | 'alert.reopened' | 'alert.resolved'>> = {
  fired: 'alert.fired',
  reopened: 'alert.reopened',
  resolved: 'alert.resolved',
};

type Receiving = Pick<Deps, 'policy' | 'ids'>;
/** `mapping`: the name of an entry, which may be gone from the policy. */
type Entry = { mapping: string; source: AlertSource; transitions: AlertTransition[] };

const applyChannelState = async (
  { policy, ids }: Receiving,
  tx: Tx,
  { transitions, mapping, source }: Entry,
): Promise<void> => {
  const taking = { mapping, source, newId: ids.next(), reopenMs: REOPEN_MS };
  for (const { outcome, alertId, signal } of await tx.alerts.take(transitions, taking)) {
    const type = EVENTS[outcome];
    const { key, title, url, at, endsBegunBy } = signal;
    const when = endsBegunBy instanceof Date ? endsBegunBy : at;
    const { target, role } = subjectOf(policy(), mapping);
    const data = { alert: alertId, mapping, source, key, title, url, at: when.toISOString() };
    if (type) await tx.audit.append({ type, actor: SYSTEM, requestId: null, grantId: null, target, role, data });
    await tx.outbox.add('alert', alertId);
  }
};

type Sorted = { entries: Entry[]; over: AlertTransition[] };

/** By entry; `over` belongs to none, and is kept where an entry of its source could still match what is heard of it late. */
const sortOut = (policy: Policy, source: AlertSource, all: readonly AlertTransition[]): Sorted => {
  const entries = new Map<string, Entry>();
  const over: AlertTransition[] = [];
  const isMapped = policy.alerts.some((mapping) => mapping.source === source);
  for (const transition of all) {
    const mapping = entryOf(policy, transition.signal, transition.before);
    if (mapping === null) {
      if (isMapped && transition.after.state === 'resolved') over.push(transition);
      continue;
    }
    const entry = entries.get(mapping) ?? { mapping, source, transitions: [] };
    entry.transitions.push(transition);
    entries.set(mapping, entry);
  }
  return { entries: [...entries.values()], over };
};

const receiveOf = async (deps: Receiving, tx: Tx, signals: readonly AlertSignal[]): Promise<number> => {
  const [first] = signals;
  if (!first) return 0;
  const { source } = first;
  const keys = signals.map(({ key }) => key);
  const known: ReadonlyMap<string, KnownSignal> = await tx.alerts.known(source, keys);
  const policy = deps.policy();
  const { entries, over } = sortOut(policy, source, hearAll(signals, known));
  await tx.alerts.keepOver(over);
  for (const entry of entries) await applyChannelState(deps, tx, entry);
  return signals.filter((signal) => entryOf(policy, signal, known.get(signal.key) ?? null) === null).length;
};

/** `signals` are of one source, in the order in which it said them. */
export const receiveAlerts = async (
  deps: Pick<Deps, 'store' | 'policy' | 'ids'>,
  { signals }: { signals: AlertSignal[] },
): Promise<{ unmapped: number }> => ({
  unmapped: await deps.store.transaction((tx) => receiveOf(deps, tx, signals)),
});
