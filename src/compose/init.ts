/** What `latchkey init` needs of the providers and the policy's language. */
import { loadPolicy } from '../config/policy-file.ts';
import type { LoadedPolicy } from '../config/policy-file.ts';
import type { Variables } from '../config/variable.ts';
import { PROVIDERS } from '../providers/registry.ts';
import { policyInput } from './policy-input.ts';

export const providerIds = (): string[] => PROVIDERS.map(({ id }) => id);

/** Secrets of targets are not at hand yet. */
export const parsePolicyAt = (text: string, env: Variables): LoadedPolicy =>
  loadPolicy({ ...policyInput(text, 'latchkey.yml', env), areVariablesOptional: true });
