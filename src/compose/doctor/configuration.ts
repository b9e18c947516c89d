/** The configuration itself: its problems, as findings. */
import { showPath } from '../../config/problem.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Target } from '../../domain/policy/types.ts';
import { pluralize } from '../../lib/pluralize.ts';
import type { Check } from './check.ts';
import type { Configured } from './configured.ts';

export const findingOf = (problem: ConfigProblem, level: Finding['level']): Finding => {
  const { code, message, line, path } = problem;
  const place = [line === null ? '' : `line ${line}`, path].filter(Boolean).join(', ');
  return { level, code, message: place && !message.startsWith(path) ? `${place}: ${message}` : message };
};

export const configPathOf = ({ name }: Target): string => showPath(['targets', name, 'config']);

export const configuration = (configured: Configured): Check => {
  const { environmentProblems, policy, policyPath, policyProblems, policyWarnings } = configured;
  // A target's own secret that is missing is said where the target is looked at.
  const places = Object.values(policy?.targets ?? {}).map(configPathOf);
  const general = policyProblems.filter(({ path }) => !places.some((place) => path.startsWith(place)));
  return {
    area: 'configuration',
    name: 'configuration',
    about: policy
      ? `${policyPath}, ${pluralize(Object.keys(policy.targets).length, 'target')}, ${pluralize(policy.rules.length, 'rule')}`
      : policyPath,
    findings: [
      ...[...environmentProblems, ...general].map((problem) => findingOf(problem, 'error')),
      ...policyWarnings.map((problem) => findingOf(problem, 'warning')),
    ],
  };
};
