/** `groups:` of the policy file: who is in them, or who can say it. */
import type { GroupSource } from '../domain/policy/types.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { PartBuild } from './policy-targets.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import { readVariable } from './variable.ts';

type GroupShape = NonNullable<PolicyDocument['groups']>[string];

const buildGroup = (name: string, group: GroupShape, report: Report): GroupSource => {
  const path = ['groups', name];
  const { people, slack_usergroup: usergroup, pagerduty_schedule: pagerDuty, opsgenie_schedule: opsgenie } = group;
  if ([people, usergroup, pagerDuty, opsgenie].filter((kind) => kind !== undefined).length !== 1)
    report.refuse(
      'group_kind',
      path,
      `Group "${name}" must have exactly one of people, slack_usergroup, pagerduty_schedule and opsgenie_schedule.`,
    );
  if (group.levels && pagerDuty === undefined)
    report.refuse(
      'useless_key',
      [...path, 'levels'],
      `"levels" only means something with pagerduty_schedule${opsgenie === undefined ? '' : ': Opsgenie does not say in which tier somebody is on call'}; remove it.`,
    );
  if (pagerDuty !== undefined)
    return { kind: 'on_call_schedule', service: 'pagerduty', schedule: pagerDuty, levels: group.levels ?? null };
  if (opsgenie !== undefined)
    return { kind: 'on_call_schedule', service: 'opsgenie', schedule: opsgenie, levels: null };
  if (usergroup !== undefined) return { kind: 'slack_usergroup', handle: usergroup.replace(/^@/, '') };
  // Without a kind it was refused above; to call it empty as well would only start a second complaint.
  if (people === undefined) return { kind: 'slack_usergroup', handle: '' };
  return { kind: 'people', people: [...new Set(people)] };
};

type Keyed = { code: string; service: string; variable: string; isIts: (group: GroupShape) => boolean };

const KEYED: readonly Keyed[] = [
  {
    code: 'missing_pagerduty_token',
    service: 'PagerDuty',
    variable: 'PAGERDUTY_TOKEN',
    isIts: (group) => group.pagerduty_schedule !== undefined,
  },
  {
    code: 'missing_opsgenie_key',
    service: 'Opsgenie',
    variable: 'OPSGENIE_API_KEY',
    isIts: (group) => group.opsgenie_schedule !== undefined,
  },
];

/** Without its key every look-up of such a group would fail, first noticed at 3 a.m. */
const demandOnCallKeys = ({ document, env, areVariablesOptional, report }: PartBuild): void => {
  for (const { code, service, variable, isIts } of KEYED) {
    const name = Object.entries(document.groups ?? {}).find(([, group]) => isIts(group))?.[0];
    if (name === undefined) continue;
    const found = readVariable(env, variable);
    if ('value' in found && found.value !== null) continue;
    const missing = `Group "${name}" is a schedule of ${service} and ${variable} is not set; set it to a read-only API key of ${service}.`;
    const message = 'problem' in found ? found.problem : missing;
    report[areVariablesOptional ? 'warn' : 'refuse'](code, ['groups', name], message);
  }
};

export const buildGroups = (build: PartBuild): Record<string, GroupSource> => {
  const { document, report } = build;
  demandOnCallKeys(build);
  return record(Object.entries(document.groups ?? {}).map(([name, group]) => [name, buildGroup(name, group, report)]));
};
