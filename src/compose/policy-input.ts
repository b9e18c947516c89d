/** What every load of a policy is given: `serve`, reloads and the commands alike. */
import type { PolicyInput } from '../config/policy-file.ts';
import type { Variables } from '../config/variable.ts';
import { PROVIDERS } from '../providers/registry.ts';

export const policyInput = (text: string, path: string, env: Variables): PolicyInput => ({
  text,
  path,
  env,
  providers: PROVIDERS,
});
