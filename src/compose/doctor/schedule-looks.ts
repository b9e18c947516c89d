/** The on-call schedules that groups name. */
import { examineSchedules } from '../../directory/on-call/examine.ts';
import { createOpsgenie } from '../../directory/on-call/opsgenie.ts';
import { createPagerDuty } from '../../directory/on-call/pagerduty.ts';
import type { Examined } from '../../domain/finding.ts';
import { createLog } from '../../lib/log.ts';
import { plain } from './check.ts';
import type { Look } from './check.ts';
import type { Configured } from './configured.ts';

const silent = createLog('silent');

export const scheduleLooks = ({ environment, policy }: Configured): Look[] => {
  const groups = Object.entries(policy?.groups ?? {}).flatMap(([name, group]) =>
    group.kind === 'on_call_schedule' ? [{ name, ...group }] : [],
  );
  if (groups.length === 0) return [];
  const services = {
    pagerduty: environment.pagerDuty && createPagerDuty({ ...environment.pagerDuty, log: silent }),
    opsgenie: environment.opsgenie && createOpsgenie({ ...environment.opsgenie, log: silent }),
  };
  const look = async (): Promise<Examined> => plain(null, await examineSchedules(services, groups));
  return [{ area: 'on_call', name: 'on call', limitMs: 20_000, look }];
};
