/** Looks at targets before they are needed: all of them now and then, and one role when a requester wants it. */
import { errorFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Target } from '../domain/policy/types.ts';
import { checkTargets, OF_ALL_ROLES } from './check-targets.ts';
import type { CheckedTarget } from './check-targets.ts';
import { connectionTo, failureOf } from './open-connections.ts';
import type { State } from './open-connections.ts';

/** Errors only. A caller for the same while it is looked at shares the look. */
const lookOver = (state: State, target: Target, roles: string[]): Promise<Finding[]> => {
  const key = JSON.stringify([state.deps.policy().sha256, target.name, roles]);
  const known = state.looking.get(key);
  if (known) return known;
  const looking = lookOnce(state, target, roles).finally(() => state.looking.delete(key));
  state.looking.set(key, looking);
  return looking;
};

const lookOnce = async (state: State, target: Target, roles: string[]): Promise<Finding[]> => {
  try {
    const scopes = Object.fromEntries(roles.map((role) => [role, target.roles[role]?.scope ?? null]));
    const context = { signal: state.stopping.signal, log: state.deps.log };
    const findings = (await connectionTo(state, target.name).preflight?.(scopes, context)) ?? [];
    await noteRemains(state, target, { roles, findings });
    return findings.filter(({ level }) => level === 'error');
  } catch (error) {
    const { kind, message } = failureOf(error);
    return [errorFinding(kind, message)];
  }
};

type Seen = { roles: readonly string[]; findings: readonly Finding[] };

/** A target that could not be looked at to the end says nothing of it. */
const noteRemains = async (state: State, target: Target, { roles, findings }: Seen): Promise<void> => {
  if (findings.some(({ code }) => OF_ALL_ROLES.has(code))) return;
  const sentencesOf = (role: string): string[] =>
    findings.flatMap(({ remains }) => (remains?.roles.includes(role) ? remains.sentences : []));
  const known = state.remains.get(target.name) ?? { ofRole: {}, given: '' };
  known.ofRole = { ...known.ofRole, ...Object.fromEntries(roles.map((role) => [role, sentencesOf(role)])) };
  state.remains.set(target.name, known);
  const now = JSON.stringify(known.ofRole);
  if (now === known.given) return;
  try {
    await state.deps.onRemains?.(target.name, known.ofRole);
    known.given = now;
  } catch (error) {
    state.deps.log.warn({ target: target.name, error: String(error) }, 'requests do not say yet what may remain');
  }
};

const noteErrors = ({ problems }: State, target: string, errors: Finding[]): void => {
  if (errors.length === 0) problems.delete(target);
  else problems.set(target, errors.map(({ message }) => message).join(' '));
};

type RoleOf = { target: string; role: string };

/** Within this time one look serves all who ask. */
const ROLE_LOOK_MS = 4_000;

const lookAtRole = async (state: State, { target: name, role }: RoleOf): Promise<string | null> => {
  const target = state.deps.policy().targets[name];
  if (!target?.roles[role]) return null;
  const errors = await lookOnce(state, target, [role]);
  return errors.map(({ message }) => message).join(' ') || null;
};

/** Of a policy, so that a fix there is seen at once. */
export const roleProblem = (state: State, { target, role }: RoleOf, isFresh: boolean): Promise<string | null> => {
  const key = JSON.stringify([state.deps.policy().sha256, target, role]);
  const known = state.looks.get(key);
  const now = performance.now();
  if (!isFresh && known && now - known.at < ROLE_LOOK_MS) return known.found;
  for (const [old, { at }] of state.looks) if (now - at >= ROLE_LOOK_MS) state.looks.delete(old);
  const found = lookAtRole(state, { target, role });
  state.looks.set(key, { at: now, found });
  return found;
};

/** `only`: the names of those that are looked at; all where it is left out. */
export const checkAll = async (
  state: State,
  onChecked?: (checked: CheckedTarget) => void,
  only?: ReadonlySet<string>,
): Promise<void> => {
  const { targets } = state.deps.policy();
  for (const name of state.remains.keys()) if (!targets[name]) state.remains.delete(name);
  for (const name of state.problems.keys()) if (!targets[name]) state.problems.delete(name);
  const checks = {
    lookOver: (target: Target, roles: string[]) => lookOver(state, target, roles),
    onErrors: (target: string, errors: Finding[]) => noteErrors(state, target, errors),
    isStopped: () => state.stopping.signal.aborted,
  };
  const wanted = Object.values(targets).filter(({ name }) => only?.has(name) ?? true);
  await checkTargets(checks, wanted, onChecked);
};
