/** `targets:` of the policy file: their settings, with `${NAME}` from the environment, and their roles. */
import { parseDuration } from '../domain/time/durations.ts';
import type { Role, Target } from '../domain/policy/types.ts';
import type { Json } from '../domain/json.ts';
import { OWN_SECRETS } from './environment.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

const DEFAULT_LENGTH = '30m';

/** What `targets` and `groups` are built from: besides their own text, the environment. */
export type PartBuild = {
  document: PolicyDocument;
  env: Variables;
  areVariablesOptional: boolean;
  report: Report;
};

const VARIABLE = /\$\$\{|\$\{([^}]*)\}/g;

type Fill = Omit<PartBuild, 'document'> & { isComplete: boolean };

type Unfilled = { code: 'bad_variable' | 'own_secret' | 'missing_variable'; message: string };

const readFill = (name: string, env: Variables): { value: string } | Unfilled => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const message = `\${${name.slice(0, 60)}} names no environment variable; write it as \${NAME}, or $\${ for the characters themselves.`;
    return { code: 'bad_variable', message };
  }
  const own: readonly string[] = OWN_SECRETS;
  if (own.includes(name) || own.includes(name.replace(/_FILE$/, ''))) {
    const message = `\${${name}} is a secret of Latchkey itself and is not given to targets; use a variable of the target's own.`;
    return { code: 'own_secret', message };
  }
  const found = readVariable(env, name);
  if ('problem' in found) return { code: 'missing_variable', message: found.problem };
  if (found.value !== null) return { value: found.value };
  const message = `The environment variable ${name} is not set; set it (or ${name}_FILE) where Latchkey starts.`;
  return { code: 'missing_variable', message };
};

const fillText = (text: string, path: Path, fill: Fill): string =>
  text.replace(VARIABLE, (_whole, name: string | undefined) => {
    if (name === undefined) return '${';
    const found = readFill(name, fill.env);
    if ('value' in found) return found.value;
    fill.isComplete = false;
    const isTolerated = fill.areVariablesOptional && found.code === 'missing_variable';
    fill.report[isTolerated ? 'warn' : 'refuse'](found.code, path, found.message);
    return '';
  });

const fillConfig = (value: Json, path: Path, fill: Fill): Json => {
  if (typeof value === 'string') return value.includes('${') ? fillText(value, path, fill) : value;
  if (Array.isArray(value)) return value.map((item, index) => fillConfig(item, [...path, index], fill));
  if (typeof value !== 'object' || value === null) return value;
  return record(Object.entries(value).map(([key, item]) => [key, fillConfig(item, [...path, key], fill)]));
};

type RoleShape = PolicyDocument['targets'][string]['roles'][string];

const buildRole = (role: RoleShape, path: Path, report: Report): Role => {
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
const channelsOf = (channel: string | Record<string, string> | undefined): string[] => {
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
        `Target "${name}" has no roles, so nobody can ask for it; add one.`,
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
