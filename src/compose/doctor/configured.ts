/** The configuration as far as it can be used: what is wrong with one part must not keep the others from being looked at. */
import { lookAtLists } from '../lists/complete-policy.ts';
import { policyInput } from '../policy-input.ts';
import { readPartly } from '../../config/environment.ts';
import type { Environment } from '../../config/environment.ts';
import { loadPolicy } from '../../config/policy-file.ts';
import { readPolicyText } from '../../config/policy-source.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import type { Policy } from '../../domain/policy/types.ts';

export type Configured = {
  environment: Environment;
  environmentProblems: ConfigProblem[];
  policyPath: string;
  /** null where it cannot be used at all. */
  policy: Policy | null;
  policyProblems: ConfigProblem[];
  policyWarnings: ConfigProblem[];
};

type Read = Pick<Configured, 'policy' | 'policyProblems' | 'policyWarnings'>;

/** A secret that is not set makes one target unusable, not the policy. */
const readPolicy = async (path: string): Promise<Read> => {
  const read = await readPolicyText(path);
  if ('problems' in read) return { policy: null, policyProblems: read.problems, policyWarnings: [] };
  const { text, unread } = await lookAtLists({ text: read.text, path, env: process.env });
  const input = { ...policyInput(text, path, process.env), unread };
  const loaded = loadPolicy(input);
  if ('policy' in loaded) return { policy: loaded.policy, policyProblems: [], policyWarnings: loaded.warnings };
  const lenient = loadPolicy({ ...input, areVariablesOptional: true });
  const policy = 'policy' in lenient ? lenient.policy : null;
  return { policy, policyProblems: loaded.problems, policyWarnings: [] };
};

export const readConfigured = async (policyFile: string | undefined): Promise<Configured> => {
  const { environment, problems } = readPartly(process.env);
  const policyPath = policyFile ?? environment.policyPath;
  return { environment, environmentProblems: problems, policyPath, ...(await readPolicy(policyPath)) };
};
