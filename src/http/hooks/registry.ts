/** Every source of alerts, one line each. Only `app.ts` reads this. */
import { alertmanager } from './alertmanager/alertmanager.ts';
import { generic } from './generic/generic.ts';
import { pagerduty } from './pagerduty/pagerduty.ts';
import type { AlertTrigger } from './source.ts';

export const TRIGGERS: readonly AlertTrigger[] = [pagerduty, alertmanager, generic];
