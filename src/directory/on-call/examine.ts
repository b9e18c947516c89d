/** Whether the schedules that groups of the policy name can be read, and somebody is on call by them. */
import { isDomainError } from '../../domain/errors.ts';
import { errorFinding, warningFinding } from '../../domain/finding.ts';
import type { Finding } from '../../domain/finding.ts';
import type { OnCallName } from '../../domain/policy/types.ts';
import type { OnCallServices } from '../../application/identity/on-call-ports.ts';

type ScheduleGroup = { name: string; service: OnCallName; schedule: string; levels: number[] | null };

const MISSING = {
  pagerduty: 'set PAGERDUTY_TOKEN to a read-only key of PagerDuty',
  opsgenie: 'set OPSGENIE_API_KEY to the key of an API integration of Opsgenie',
} satisfies Record<OnCallName, string>;

const examineOne = async (services: OnCallServices, group: ScheduleGroup): Promise<Finding[]> => {
  const { name, service, schedule, levels } = group;
  const what = `the schedule ${schedule} (group ${name})`;
  const reader = services[service];
  if (!reader) return [errorFinding('missing_variable', `Nobody can read ${what}: ${MISSING[service]}.`)];
  try {
    const shifts = (await reader.shifts(schedule)).filter(({ level }) => levels === null || levels.includes(level));
    return shifts.some(({ email }) => email !== null)
      ? []
      : [
          warningFinding(
            'nobody_on_call',
            `By ${what} there is no one on call now whose email is known: look at its rota.`,
          ),
        ];
  } catch (error) {
    if (!isDomainError(error)) throw error;
    const { why } = error.facts;
    return [errorFinding('schedule', `Reading ${what} failed: ${typeof why === 'string' ? why : error.code}`)];
  }
};

export const examineSchedules = async (
  services: OnCallServices,
  groups: readonly ScheduleGroup[],
): Promise<Finding[]> => (await Promise.all(groups.map((group) => examineOne(services, group)))).flat();
