/** Loads `latchkey.yml`: a policy with warnings, or every problem at once. Reads no file but the calendars that it names. */
import { createHash } from 'node:crypto';
import type { Policy } from '../domain/policy/types.ts';
import { execPrograms } from './environment-exec.ts';
import { checkAlerts } from './policy-alerts.ts';
import { checkClients } from './policy-clients.ts';
import { checkEffects } from './policy-effects.ts';
import { checkGithub } from './policy-github.ts';
import { buildPolicy } from './policy-build.ts';
import { splitFound } from './found-text.ts';
import { addFoundTargets } from './policy-found.ts';
import { createReport } from './report.ts';
import type { PolicyDocument } from './policy-schema.ts';
import { checkReach } from './policy-reach.ts';
import { checkReferences } from './policy-references.ts';
import type { Check, ProviderSchema } from './policy-check.ts';
import { shapePolicy } from './policy-shape.ts';
import { runPolicyTests } from './policy-tests.ts';
import type { ConfigProblem } from './problem.ts';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';
import { readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

export type PolicyInput = {
  /** With what `targets_from` found in it, where its lists were read. */
  text: string;
  env: Variables;
  providers: readonly ProviderSchema[];
  /** Of the file, for messages, and for the calendars beside it. */
  path: string;
  /** True where the secrets are not at hand, as in CI: a `${NAME}` that is not set is then a warning. */
  areVariablesOptional?: boolean;
  /** Why lists of targets could not be read, by list, as clauses that follow its name. */
  unread?: Readonly<Record<string, string>>;
  /** False leaves the file's own tests to the caller (`latchkey policy test`). */
  runsTests?: boolean;
};

export type LoadedPolicy = { policy: Policy; warnings: ConfigProblem[] } | { problems: ConfigProblem[] };

const namesIn = (source: YamlSource, key: string): string[] => {
  const root = source.value;
  const value = typeof root === 'object' && root !== null && !Array.isArray(root) ? root[key] : null;
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
};

const byLine = (a: ConfigProblem, b: ConfigProblem): number => (a.line ?? 0) - (b.line ?? 0);

const emptyFile = (path: string): { problems: ConfigProblem[] } => ({
  problems: [
    { code: 'empty_policy', path: '', line: null, message: `${path} is empty; start from latchkey.example.yml.` },
  ],
});

const testProblems = (policy: Policy, testAt: readonly number[]): ConfigProblem[] =>
  runPolicyTests(policy).flatMap(({ name, line, isPassed, message }, index) => {
    if (isPassed) return [];
    const sentence = `The test "${name}" fails: ${message}. Correct the rules or the test.`;
    return [{ code: 'test_failed', path: `tests[${testAt[index] ?? index}]`, line, message: sentence }];
  });

const publicUrlIn = (env: Variables): string | null => {
  const found = readVariable(env, 'LATCHKEY_PUBLIC_URL');
  return 'value' in found ? found.value : null;
};

const isSet = (env: Variables, name: string): boolean => {
  const found = readVariable(env, name);
  return 'value' in found && found.value !== null;
};

const rolesOf = (policy: Policy): Check['roles'] =>
  Object.values(policy.targets)
    .map(({ name, roles }) => ({ target: name, roles: Object.keys(roles) }))
    .sort((a, b) => (a.target < b.target ? -1 : 1));

const checkAll = (check: Check, document: PolicyDocument): void => {
  checkReferences(check);
  checkAlerts(check);
  checkClients(check);
  checkGithub(check, document);
  checkEffects(check, document);
  checkReach(check);
};

type Parts = Pick<Check, 'policy' | 'report' | 'unfilled' | 'isComplete'> & {
  source: YamlSource;
  ruleAt: readonly number[];
  testAt: readonly number[];
};

const checkOf = (
  { env, providers, areVariablesOptional }: PolicyInput,
  { policy, report, unfilled, isComplete, source, ruleAt, testAt }: Parts,
): Check => ({
  policy,
  report,
  groupNames: new Set(namesIn(source, 'groups')),
  isComplete,
  unfilled,
  publicUrl: publicUrlIn(env),
  execPrograms: execPrograms(env),
  hasGithubApp: isSet(env, 'LATCHKEY_GITHUB_APP_ID'),
  hasGitlabToken: isSet(env, 'LATCHKEY_GITLAB_TOKEN'),
  areVariablesOptional: areVariablesOptional === true,
  providers,
  roles: [],
  rulePath: (index) => ['rules', ruleAt[index] ?? index],
  testPath: (index) => ['tests', testAt[index] ?? index],
});

/** Never throws. The same text, environment, providers and calendars always give the same answer. */
export const loadPolicy = (input: PolicyInput): LoadedPolicy => {
  const { text, env } = input;
  const { typed, found } = splitFound(text);
  const source = readYaml(typed);
  if ('problems' in source) return source;
  if (source.value === null) return emptyFile(input.path);
  const { document, ruleAt, testAt, problems } = shapePolicy(source);
  if (!document) return { problems: problems.sort(byLine) };
  const report = createReport(source.lineOf);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const { policy, unfilled } = buildPolicy({
    document,
    env,
    file: input.path,
    areVariablesOptional: input.areVariablesOptional === true,
    sha256,
    found,
    ruleAt,
    testAt,
    report,
  });
  const check = checkOf(input, { policy, report, unfilled, source, ruleAt, testAt, isComplete: problems.length === 0 });
  const { areAllRead } = addFoundTargets({ check, document, found, env, unread: input.unread ?? {} });
  check.roles = rolesOf(policy);
  checkAll(check, document);
  const wrong = [...problems, ...report.problems];
  if (wrong.length === 0 && input.runsTests !== false && areAllRead) wrong.push(...testProblems(policy, testAt));
  return wrong.length > 0 ? { problems: wrong.sort(byLine) } : { policy, warnings: report.warnings.sort(byLine) };
};
