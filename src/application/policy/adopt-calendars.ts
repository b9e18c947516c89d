/** Records what the calendar files of freezes hold: each change is an audit event, and admins are notified. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { dayAndClock, nextSpan } from '../../domain/policy/calendar.ts';
import type { Freeze } from '../../domain/policy/calendar.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';
import type { Deps, Tx } from '../deps.ts';

const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

const nextLine = (next: Freeze | null, timezone: string): string =>
  next === null
    ? 'no event lies ahead'
    : `next from ${dayAndClock(next.from, timezone)} to ${dayAndClock(next.to, timezone)} (${next.why})`;

/** After the policy was adopted, in its transaction. What a new installation reads first is recorded, without a notification. */
export const adoptCalendars = async (deps: Pick<Deps, 'policy' | 'ids'>, tx: Tx): Promise<void> => {
  const { sha256: policy, calendars, freezes, timezone } = deps.policy();
  const current = Object.entries(calendars).map(([freeze, { sha256 }]) => ({ freeze, sha256 }));
  const changed = await tx.policies.adoptCalendars(current);
  const now = await tx.now();
  for (const { freeze, sha256, before } of changed) {
    const spans = freezes[freeze] ?? [];
    const next = nextSpan(spans, now);
    const [from, to] = [next?.from.toISOString() ?? null, next?.to.toISOString() ?? null];
    const personal = { file: calendars[freeze]?.file ?? '', why: next?.why ?? null };
    const data = { freeze, sha256, before, policy, times: spans.length, from, to, ...personal };
    await tx.audit.append({ ...entry, type: 'calendar.loaded', data });
    if (before === null) continue;
    const lines = [`Freeze ${freeze}: ${nextLine(next, timezone)}`];
    const notification = { kind: 'calendar_changed', about: freeze } as const;
    await closeNotification(tx, keyOf(notification.kind, notification.about), 'The calendar changed again.');
    await notifyAdmins(tx, deps.ids, { ...notification, lines, untilClosed: true });
  }
};
