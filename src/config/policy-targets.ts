/** `targets:` of the policy file: their settings, with `${NAME}` from the environment, and their roles. */
import { parseDuration } from '../domain/time/durations.ts';
import type { Role, Target } from '../domain/policy/types.ts';
import { fillConfig } from './fill-config.ts';
import type { Fill } from './fill-config.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import type { Variables } from './variable.ts';

const DEFAULT_LENGTH = '30m';

/** What `targets` and `groups` are built from: besides their own text, the environment. */
export type PartBuild = {
  document: PolicyDocument;
  env: Variables;
  areVariablesOptional: boolean;
  report: Report;
};

type RoleShape = PolicyDocument['targets'][string]['roles'][string];

export const buildRole = (role: RoleShape, path: Path, report: Report): Role => {
  const name = String(path.at(-1));
  const maxMs = parseDuration(role.max);
  const defaultMs =
    role.default === undefined ? Math.min(maxMs, parseDuration(DEFAULT_LENGTH)) : parseDuration(role.default);
  if (defaultMs > maxMs)
    report.refuse(
      'cap_under_default',
      [...path, 'max'],
      `The cap of "${name}" (max: ${role.max}) is under its default (${role.default}); raise max or lower default.`,
    );
  return {
    name,
    title: role.title ?? name,
    scope: role.scope ?? {},
    maxMs,
    defaultMs,
    isSensitive: role.sensitive ?? false,
  };
};

/** One for each workspace, where it says which: `#name@T…`. */
export const channelsOf = (channel: string | Record<string, string> | undefined): string[] => {
  if (channel === undefined || typeof channel === 'string') return channel === undefined ? [] : [channel];
  const named = Object.entries(channel).map(([team, name]) => (name.startsWith('#') ? `${name}@${team}` : name));
  return [...new Set(named)];
};

/** Targets whose `config` could not be filled; their provider is not asked about it. */
type BuiltTargets = { targets: Record<string, Target>; unfilled: Set<string> };

export const buildTargets = ({ document, env, areVariablesOptional, report }: PartBuild): BuiltTargets => {
  const unfilled = new Set<string>();
  const entries = Object.entries(document.targets).map(([name, target]): [string, Target] => {
    const path = ['targets', name];
    const fill: Fill = { env, report, areVariablesOptional, isComplete: true };
    const config = fillConfig(target.config ?? {}, [...path, 'config'], fill);
    if (!fill.isComplete) unfilled.add(name);
    const roles = record(
      Object.entries(target.roles).map(([role, shape]) => [role, buildRole(shape, [...path, 'roles', role], report)]),
    );
    if (Object.keys(roles).length === 0)
      report.refuse(
        'no_roles',
        [...path, 'roles'],
        `Target "${name}" has no roles, so no one can request it; add one.`,
      );
    const { title = name, provider, warning = null } = target;
    const [channel = null, ...otherChannels] = channelsOf(target.channel);
    const owners = [...new Set(target.owners)];
    const { identity } = target;
    const more = { ...(otherChannels.length > 0 && { otherChannels }), ...(identity && { identity }) };
    return [name, { name, title, provider, config, owners, channel, warning, roles, ...more }];
  });
  return { targets: record(entries), unfilled };
};
