/** Looks at every target: what keeps which of its roles from being granted. So many at a time, however many there are. */
import type { Finding } from '../domain/finding.ts';
import type { Target } from '../domain/policy/types.ts';
import type { Misfit } from '../application/policy/misfits.ts';

/** A target that does not answer is waited for; a thousand of them must not keep the others waiting for long. */
const CHECKS_AT_ONCE = 100;
/** A target with more roles is not looked at role by role. */
const ROLES_MAX = 20;
/** The same for every role, and not worth another look for each. */
export const OF_ALL_ROLES = new Set([
  'unavailable',
  'throttled',
  'conflict',
  'denied',
  'misconfigured',
  'unsupported',
  'read_only',
  'old_version',
]);

export type CheckedTarget = { target: string; roles: number; misfits: Misfit[] };

/** Errors only; a look that fails is an error too. */
export type LookOver = (target: Target, roles: string[]) => Promise<Finding[]>;

export type Checks = {
  lookOver: LookOver;
  /** Called for each target, with all that is wrong. */
  onErrors(target: string, errors: Finding[]): void;
  isStopped(): boolean;
};

const sentence = (errors: readonly Finding[]): string => errors.map(({ message }) => message).join(' ');

/** Roles that lack the same are one misfit. None is left where it was fixed while it was looked at. */
const perRole = async ({ lookOver }: Checks, target: Target, errors: Finding[]): Promise<Misfit[]> => {
  const roles = Object.keys(target.roles);
  const together = { target: target.name, roles, problem: sentence(errors) };
  if (roles.length === 1 || roles.length > ROLES_MAX || errors.some(({ code }) => OF_ALL_ROLES.has(code)))
    return [together];
  const rolesOf = new Map<string, string[]>();
  for (const role of roles)
    for (const { message } of await lookOver(target, [role]))
      rolesOf.set(message, [...(rolesOf.get(message) ?? []), role]);
  const misfits = new Map<string, Misfit>();
  for (const [message, ofRoles] of rolesOf) {
    const known = misfits.get(JSON.stringify(ofRoles));
    const problem = known ? `${known.problem} ${message}` : message;
    misfits.set(JSON.stringify(ofRoles), { target: target.name, roles: ofRoles, problem });
  }
  return [...misfits.values()];
};

/** Never rejects. `onChecked`: as each is known. */
export const checkTargets = async (
  checks: Checks,
  targets: readonly Target[],
  onChecked?: (checked: CheckedTarget) => void,
): Promise<void> => {
  const waiting = targets.values();
  const work = async (): Promise<void> => {
    for (const target of waiting) {
      if (checks.isStopped()) return;
      const names = Object.keys(target.roles);
      const errors = await checks.lookOver(target, names);
      if (checks.isStopped()) return;
      checks.onErrors(target.name, errors);
      if (!onChecked) continue;
      const misfits = errors.length === 0 ? [] : await perRole(checks, target, errors);
      onChecked({ target: target.name, roles: names.length, misfits });
    }
  };
  await Promise.all(Array.from({ length: Math.min(CHECKS_AT_ONCE, targets.length) }, work));
};
