/** Takes in what sources say: what the policy maps is kept, told and recorded; what it does not is counted by the caller. */
import { mappingOf } from '../core/alerts/mapping.ts';
import type { AlertSignal } from '../core/alerts/types.ts';
import { SYSTEM } from '../core/events.ts';
import type { EventType } from '../core/events.ts';
import type { AlertMapping, Policy } from '../core/policy/types.ts';
import type { AlertOutcome } from './ports-alerts.ts';
import type { Deps, Tx } from './ports.ts';

/** One that comes back soon is the same trouble: its message is drawn again, and nobody is pinged again. */
const REOPEN_MS = 10 * 60_000;

const EVENTS: Partial<Record<AlertOutcome, EventType>> = {
  fired: 'alert.fired',
  reopened: 'alert.reopened',
  resolved: 'alert.resolved',
};

type Mapped = { mapping: AlertMapping; signals: AlertSignal[] };

const takeIn = async (deps: Pick<Deps, 'ids'>, tx: Tx, { signals, mapping }: Mapped): Promise<void> => {
  const taking = { mapping: mapping.name, source: mapping.source, newId: deps.ids.next(), reopenMs: REOPEN_MS };
  for (const { outcome, alertId, signal } of await tx.alerts.take(signals, taking)) {
    const type = EVENTS[outcome];
    const { source, key, title, url, at } = signal;
    const { target, role } = mapping;
    const data = { alert: alertId, mapping: mapping.name, source, key, title, url, at: at.toISOString() };
    if (type) await tx.audit.append({ type, actor: SYSTEM, requestId: null, grantId: null, target, role, data });
    await tx.outbox.add('alert', alertId);
  }
};

/** By mapping, in one order whoever takes them: each is locked in turn. */
const byMapping = (policy: Policy, signals: readonly AlertSignal[]): Mapped[] => {
  const found = new Map<string, Mapped>();
  for (const signal of signals) {
    const mapping = mappingOf(policy, signal);
    if (!mapping) continue;
    const known = found.get(mapping.name);
    if (known) known.signals.push(signal);
    else found.set(mapping.name, { mapping, signals: [signal] });
  }
  return [...found.values()].sort((a, b) => (a.mapping.name < b.mapping.name ? -1 : 1));
};

export const receiveAlerts = async (
  deps: Pick<Deps, 'store' | 'policy' | 'ids'>,
  { signals }: { signals: AlertSignal[] },
): Promise<{ unmapped: number }> => {
  const mapped = byMapping(deps.policy(), signals);
  if (mapped.length > 0) {
    await deps.store.transaction(async (tx) => {
      for (const one of mapped) await takeIn(deps, tx, one);
    });
  }
  const taken = mapped.reduce((sum, one) => sum + one.signals.length, 0);
  return { unmapped: signals.length - taken };
};
