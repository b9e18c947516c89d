/** What each check of the policy is given, and that of a name of a group or person. */
import type { Json } from '../domain/json.ts';
import type { IdentityRule, Policy } from '../domain/policy/types.ts';
import { PERSON } from './policy-words.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';
import type { Report } from './report.ts';

/** What the check needs of a provider; the registry is handed in, since configuration imports no provider. */
export type ProviderSchema = {
  id: string;
  configProblems(config: Json): { path: string; message: string }[];
  environmentProblems?(config: Json, allowed: { execPrograms: readonly string[] }): { path: string; message: string }[];
  configWarnings?(config: Json): { path: string; message: string }[];
  scopeProblems(scope: Json): { path: string; message: string }[];
  /** What is wrong with `only` of a list of targets; null where the provider has no such list. */
  listProblems?(only: Json): { path: string; message: string }[] | null;
  identityProblems?(
    identity: IdentityRule | undefined,
    scopes: Record<string, Json>,
  ): { path: string; message: string }[];
};

export type Check = {
  policy: Policy;
  report: Report;
  /** Every group name in the file, also of groups that were refused: naming one is not a second problem. */
  groupNames: ReadonlySet<string>;
  /** False when parts were refused and dropped: then what seems to match nothing may match those. */
  isComplete: boolean;
  unfilled: ReadonlySet<string>;
  /** LATCHKEY_PUBLIC_URL, the audience of clients that name none. */
  publicUrl: string | null;
  hasGithubApp: boolean;
  hasGitlabToken: boolean;
  /** What LATCHKEY_EXEC_PROGRAMS lets targets run. */
  execPrograms: readonly string[];
  /** True where the secrets are not at hand, as in CI. */
  areVariablesOptional: boolean;
  providers: readonly ProviderSchema[];
  /** Every target and its role names, by the names of the targets in order: thousands of patterns are tried against thousands of targets. */
  roles: readonly { target: string; roles: readonly string[] }[];
  rulePath: (index: number) => Path;
  testPath: (index: number) => Path;
};

export const RESERVED = ['owners', 'manager'] as const;

type Reference = { ref: string; path: Path; allowed: readonly string[] };

export const checkRef = (check: Check, { ref, path, allowed }: Reference): void => {
  const { report, groupNames } = check;
  if (groupNames.has(ref) || PERSON.test(ref) || allowed.includes(ref)) return;
  const isReserved = RESERVED.some((word) => word === ref);
  if (isReserved)
    return report.refuse('bad_reference', path, `"${ref}" cannot stand here; name a group, an email or a Slack id.`);
  const names = [...groupNames, ...allowed];
  report.refuse(
    'unknown_group',
    path,
    `"${ref}" is no group of this policy${suggestion(ref, names, 'define it under groups, or name a person by email or Slack id.')}`,
  );
};

type References = { refs: readonly string[]; path: Path; allowed?: readonly string[] };

export const checkRefs = (check: Check, { refs, path, allowed = [] }: References): void => {
  for (const [index, ref] of refs.entries()) checkRef(check, { ref, path: [...path, index], allowed });
};
