/** Who may decide and administer, as the policy says; with the people as they are now, where they can be looked up. */
import { isDomainError } from '../../domain/errors.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy, Target } from '../../domain/policy/types.ts';
import { readMembers } from '../identity/members.ts';
import type { Directory } from '../identity/directory.ts';
import type { Power } from './report-types.ts';

export type Looking = Pick<Directory, 'members' | 'recentMembers' | 'conflicts'>;
type Written = Pick<Power, 'what' | 'where' | 'refs'>;

const ofTarget = (target: Target): Written => ({ what: 'Owner', where: target.name, refs: target.owners });

const writtenIn = (policy: Policy): Written[] => {
  const { breakGlass, rules, targets } = policy;
  return [
    { what: 'Admin', where: 'all', refs: policy.admins },
    { what: 'Auditor', where: 'all', refs: policy.auditors },
    ...Object.values(targets).map(ofTarget),
    ...rules.flatMap((rule) =>
      rule.effect.kind === 'ask'
        ? rule.effect.approvals.map(({ from, count }) => ({
            what: `Approver, ${count} needed`,
            where: `rule "${rule.name}"`,
            refs: from,
          }))
        : [],
    ),
    ...(breakGlass
      ? [
          { what: 'Break-glass', where: breakGlass.roles.join(', '), refs: breakGlass.who },
          { what: 'Reviewer of break-glass', where: 'all', refs: breakGlass.reviewers },
        ]
      : []),
    ...Object.entries(policy.overrides).map(([name, refs]) => ({
      what: 'Freeze override',
      where: `freeze ${name}`,
      refs,
    })),
  ];
};

/** Others for each target, or each requester. */
const RELATIVE: Readonly<Record<string, string>> = {
  owners: 'the owners of the target, named above',
  manager: "the requester's manager",
};
const isPerson = (ref: string): boolean => !Object.hasOwn(RELATIVE, ref);
const relativesIn = (refs: readonly string[]): string[] =>
  refs.flatMap((ref) => (isPerson(ref) ? [] : (RELATIVE[ref] ?? [])));

/** A name that Slack does not know holds up no report. */
const lookUp = async (directory: Looking, policy: Policy, refs: readonly string[]) => {
  const from = refs.filter(isPerson).map((ref) => sourceOf(policy, ref));
  try {
    return await readMembers(directory, null, { from, freshness: 'fresh' });
  } catch (error) {
    if (!isDomainError(error)) throw error;
    return { people: [], unknown: [...refs] };
  }
};

export const powersOf = async (policy: Policy, directory: Looking | null): Promise<Power[]> =>
  Promise.all(
    writtenIn(policy).map(async (written) => {
      if (directory === null) return { ...written, people: null, unknown: [] };
      const { people, unknown } = await lookUp(directory, policy, written.refs);
      return {
        ...written,
        people: [
          ...relativesIn(written.refs),
          ...people.map(({ name, email }) => (email === null ? name : `${name} <${email}>`)),
        ],
        unknown,
      };
    }),
  );
