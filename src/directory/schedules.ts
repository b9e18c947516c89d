/** Who is on call by the schedules that groups name: addresses, which `people.ts` turns into people. */
import { DomainError } from '../domain/errors.ts';
import type { GroupSource, OnCallName } from '../domain/policy/types.ts';
import type { OnCallServices, Shift } from '../application/identity/on-call-ports.ts';
import type { Loader } from '../lib/loader.ts';

type ScheduleGroup = Extract<GroupSource, { kind: 'on_call_schedule' }>;

export type Schedules = {
  /** Lower-case addresses of the one who is on call now, in these tiers. Somebody whose address the service does not give counts as nobody. */
  emails(group: ScheduleGroup, freshness: 'fresh' | 'recent'): Promise<string[]>;
};

const MISSING = {
  pagerduty: { name: 'PagerDuty', why: 'Latchkey has no PagerDuty token; its operator must set PAGERDUTY_TOKEN.' },
  opsgenie: { name: 'Opsgenie', why: 'Latchkey has no Opsgenie key; its operator must set OPSGENIE_API_KEY.' },
} satisfies Record<OnCallName, { name: string; why: string }>;

const notConfigured = (service: OnCallName, schedule: string): Promise<never> => {
  const { name, why } = MISSING[service];
  const facts = { what: `${name} schedule ${schedule}`, why, lasting: [why], isNotified: true };
  return Promise.reject(new DomainError('lookup_failed', facts));
};

type Keeping = (load: (key: string) => Promise<Shift[]>) => Loader<string, Shift[]>;

/** `keeping` makes the loader: the key is the service and the schedule, which an address of one service is not of the other. */
export const createSchedules = (services: OnCallServices, keeping: Keeping): Schedules => {
  const loaderOf = (service: OnCallName): Loader<string, Shift[]> => {
    const kept = keeping((key) => {
      const schedule = key.slice(service.length + 1);
      return services[service]?.shifts(schedule) ?? notConfigured(service, schedule);
    });
    return {
      fresh: (schedule) => kept.fresh(`${service} ${schedule}`),
      recent: (schedule) => kept.recent(`${service} ${schedule}`),
    };
  };
  const loaders = {
    pagerduty: loaderOf('pagerduty'),
    opsgenie: loaderOf('opsgenie'),
  } satisfies Record<OnCallName, Loader<string, Shift[]>>;
  return {
    emails: async ({ service, schedule, levels }, freshness) => {
      const shifts = await loaders[service][freshness](schedule);
      const inTiers = shifts.filter(({ level }) => levels === null || levels.includes(level));
      return [...new Set(inTiers.flatMap(({ email }) => email?.toLowerCase() ?? []))];
    },
  };
};
