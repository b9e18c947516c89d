/** What the directory knows people by, beside Slack: bindings, and who is on call. */
import { createEmailBindings } from '../application/identity/email-bindings.ts';
import { createUnreadableGroups } from '../application/identity/unreadable-groups.ts';
import { createHandleBindings } from '../application/identity/user-group-bindings.ts';
import type { Store } from '../application/deps.ts';
import type { Environment } from '../config/environment.ts';
import { createOpsgenie } from '../directory/on-call/opsgenie.ts';
import { createPagerDuty } from '../directory/on-call/pagerduty.ts';
import type { Policy } from '../domain/policy/types.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Waits } from '../lib/waits.ts';

export const createOnCall = ({ pagerDuty, opsgenie }: Environment, { waits, log }: { waits: Waits; log: Log }) => ({
  pagerduty: pagerDuty && createPagerDuty({ ...pagerDuty, waits, log }),
  opsgenie: opsgenie && createOpsgenie({ ...opsgenie, waits, log }),
});

export const createBindings = (store: Store, policy: () => Policy) => ({
  book: createEmailBindings({ store, ids: { next: newId } }),
  handles: createHandleBindings({ store, ids: { next: newId } }),
  unreadable: createUnreadableGroups({ store, ids: { next: newId }, policy }),
});
