/** What history suggests for every role of the policy, with the edits that would make it so. Nothing is applied. */
import type { Policy } from '../../domain/policy/types.ts';
import { roleName } from '../../domain/reviews/role-name.ts';
import type { Deps } from '../deps.ts';
import { adviceFor, dataText, hasEnough } from './advice.ts';
import type { Advice } from './advice.ts';

export type RoleAdvice = Advice & { target: string; role: string; path: string[] | null };
export type AllAdvice = { days: number; advice: RoleAdvice[]; insufficient: { role: string; data: string }[] };

const DAYS = 90;

const pathOf = ({ field }: Advice, target: string, role: string): string[] | null => {
  if (field === null) return null;
  const path = ['targets', target, 'roles', role];
  return field === 'role' ? path : [...path, field];
};

export const allAdvice = async (
  { store }: { store: { read: Pick<Deps['store']['read'], 'roleHistory'> } },
  policy: Policy,
): Promise<AllAdvice> => {
  const found = await store.read.roleHistory(DAYS * 86_400_000);
  const roles = Object.values(policy.targets).flatMap((target) =>
    Object.values(target.roles).map((role) => {
      const history = found.find((one) => one.target === target.name && one.role === role.name);
      return { target, role, history };
    }),
  );
  return {
    days: DAYS,
    advice: roles.flatMap((of) =>
      adviceFor(of).map((advice) => ({
        ...advice,
        target: of.target.name,
        role: of.role.name,
        path: pathOf(advice, of.target.name, of.role.name),
      })),
    ),
    insufficient: roles
      .filter(({ history }) => !hasEnough(history))
      .map(({ target, role, history }) => ({ role: roleName(target.name, role.name), data: dataText(history) })),
  };
};
