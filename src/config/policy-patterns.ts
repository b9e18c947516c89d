/** Checks that patterns of targets, roles and people match something that there is. */
import { compileGlob, compileRoleGlob, isLiteralGlob, literalPrefix } from '../domain/policy/glob.ts';
import type { Check } from './policy-check.ts';
import { PERSON } from './policy-words.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';
import type { Report } from './report.ts';

/** Targets that begin with what the pattern begins with; of thousands usually a few. */
const targetsBeginning = ({ roles }: Check, pattern: string): Check['roles'] => {
  const prefix = literalPrefix(pattern);
  let [low, high] = [0, roles.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((roles[middle]?.target ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (roles[end]?.target.startsWith(prefix)) end++;
  return roles.slice(low, end);
};

const isSomeTarget = (check: Check, pattern: string): boolean => {
  if (isLiteralGlob(pattern)) return Object.hasOwn(check.policy.targets, pattern);
  const isTarget = compileGlob(pattern);
  return targetsBeginning(check, pattern).some(({ target }) => isTarget(target));
};

/** A list may give it tomorrow, and a target that left its list must not keep the policy from being adopted. */
const sayUnknown = ({ policy, report }: Check): Report['refuse'] =>
  Object.keys(policy.lists).length > 0 ? report.warn : report.refuse;

export const checkTargetPattern = (check: Check, pattern: string, path: Path): void => {
  if (!check.isComplete || isSomeTarget(check, pattern)) return;
  const names = check.roles.map(({ target }) => target);
  const word = isLiteralGlob(pattern) ? 'is no target' : 'matches no target';
  sayUnknown(check)(
    'unknown_target',
    path,
    `"${pattern}" ${word} of this policy${suggestion(pattern, names, 'correct the name.')}`,
  );
};

const isSomeRole = (check: Check, pattern: string): boolean => {
  const { policy } = check;
  const glob = compileRoleGlob(pattern);
  const named = isLiteralGlob(glob.target) ? policy.targets[glob.target] : null;
  if (named !== null) return named !== undefined && Object.keys(named.roles).some(glob.isRole);
  return targetsBeginning(check, glob.target).some(
    (each) => glob.isTarget(each.target) && each.roles.some(glob.isRole),
  );
};

export const checkRolePattern = (check: Check, pattern: string, path: Path): void => {
  if (pattern.split('/').length !== 2 || pattern.startsWith('/') || pattern.endsWith('/')) {
    const role = pattern.replaceAll('/', '') || 'read';
    const message = `"${pattern}" is no role; write target/role, such as "*/${role}" for that role of every target.`;
    return check.report.refuse('bad_role_pattern', path, message);
  }
  if (!check.isComplete || isSomeRole(check, pattern)) return;
  const names = check.roles.flatMap(({ target, roles }) => roles.map((role) => `${target}/${role}`));
  const message = `"${pattern}" matches no role of any target${suggestion(pattern, names, 'correct the name.')}`;
  sayUnknown(check)('unknown_role', path, message);
};

export const checkPersonPattern = (check: Check, pattern: string, path: Path): void => {
  if (PERSON.test(pattern) || (/[*?]/.test(pattern) && /@[^@*?]*[^@*?.]/.test(pattern))) return;
  check.report.refuse(
    'bad_person',
    path,
    `"${pattern}" is no email, no Slack user id and no pattern with a domain, such as "*@acme.test".`,
  );
};
