/** What commands read of the environment and the policy without starting the app. */

import { readVariable } from '../config/variable.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import type { Policy } from '../domain/policy/types.ts';
import { StartError } from '../lib/start-error.ts';
import type { DatabaseAddress } from '../store/address.ts';
import { completePolicy } from './lists/complete-policy.ts';
import type { Completed } from './lists/complete-policy.ts';
import { storedRowsIn } from './lists/stored-rows.ts';
import { policyInput } from './policy-input.ts';

/** From the variable or the file that NAME_FILE names. @throws StartError */
export const readText = (name: string): string | null => {
  const found = readVariable(process.env, name);
  if ('problem' in found) throw new StartError(found.problem);
  return found.value?.trim() || null;
};

const policyPath = (): string => readText('LATCHKEY_POLICY') ?? 'latchkey.yml';

type Complete = (read: { text: string; path: string }) => Completed | Promise<Completed>;

/** Lists of targets are not read: what is signed and where is written in the file. */
const asWritten: Complete = ({ text }) => ({ text });

/** null where there is no policy file. */
const readPolicy = async (complete: Complete): Promise<Policy | null> => {
  const path = policyPath();
  const read = await readPolicyText(path);
  if ('problems' in read) {
    if (readText('LATCHKEY_POLICY') === null) return null;
    throw new StartError(read.problems.map(formatProblem).join('\n'));
  }
  const completed = await complete({ text: read.text, path });
  if ('problems' in completed) throw new StartError(completed.problems.map(formatProblem).join('\n'));
  const input = policyInput(completed.text, path, process.env);
  const loaded = loadPolicy({ ...input, areVariablesOptional: true, runsTests: false });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
};

/** null where there is no policy file, or none with a section `audit`. */
export const readAuditSettings = async (): Promise<AuditSettings | null> =>
  (await readPolicy(asWritten))?.audit ?? null;

type Audited = { policy: Policy; settings: AuditSettings };

const demandAudited = async (complete: Complete): Promise<Audited> => {
  const policy = await readPolicy(complete);
  if (policy?.audit) return { policy, settings: policy.audit };
  throw new StartError(
    `There is no section "audit" in ${policyPath()}; write audit: { origin: <a name that never changes, such as latchkey.acme.test/prod> }.`,
  );
};

export const demandAuditSettings = async (): Promise<AuditSettings> => (await demandAudited(asWritten)).settings;

/** As the app has it, with the targets that its lists gave last: a review or a report without them would be of another policy. */
export const demandPolicyInForce = (database: DatabaseAddress): Promise<Audited> =>
  demandAudited((read) => completePolicy({ ...read, env: process.env }, storedRowsIn(database)));
