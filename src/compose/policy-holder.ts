/** The policy in force: loaded at the start, on change and on SIGHUP. */
import { checkAdopted } from './report-targets.ts';
import { loadPolicy } from '../config/policy-file.ts';
import type { LoadedPolicy, PolicyInput } from '../config/policy-file.ts';
import { readPolicyAuthor } from '../config/policy-author.ts';
import { isLargePolicy, loadPolicyAside } from '../config/load-policy-aside.ts';
import { createPolicySource, readPolicyText } from '../config/policy-source.ts';
import type { PolicySource } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Variables } from '../config/variable.ts';
import { policyDifferences } from '../domain/policy/differences.ts';
import type { Policy } from '../domain/policy/types.ts';
import { PROVIDERS } from '../providers/registry.ts';
import type { AdoptInput } from '../application/policy/adopt-policy.ts';
import type { Misfit } from '../application/policy/misfits.ts';
import type { AppOptions, FirstPolicy, Late } from './options.ts';

/** What every load of a policy is given: `serve`, reloads and the commands alike. */
export const policyInput = (text: string, path: string, env: Variables): PolicyInput => ({
  text,
  path,
  env,
  providers: PROVIDERS,
});

export const readFirstPolicy = async (
  path: string,
  env: Variables,
): Promise<{ first: FirstPolicy } | { problems: ConfigProblem[] }> => {
  const read = await readPolicyText(path);
  if ('problems' in read) return read;
  // Begun first: git looks while the file is checked.
  const author = readPolicyAuthor(path, read.text, env);
  const loaded = loadPolicy(policyInput(read.text, path, env));
  return 'problems' in loaded ? loaded : { first: { ...loaded, source: read.text, author: await author } };
};

/** In the bundle, where all code lies in one folder, it is an entry of its own. */
const providersModule = new URL(
  import.meta.url.endsWith('.ts') ? '../providers/registry.ts' : './providers/registry.js',
  import.meta.url,
).href;

/** Beside the running app: a large file is checked where it holds nobody up. */
const reload = (text: string, path: string, env: Variables): LoadedPolicy | Promise<LoadedPolicy> =>
  isLargePolicy(text)
    ? loadPolicyAside({ text, path, env, providersModule })
    : loadPolicy(policyInput(text, path, env));

/** `current` is asked when the differences are needed: by then the new policy is in force. */
export const adoption = (
  { environment, env }: AppOptions,
  { source, warnings, author, misfits = [] }: Omit<FirstPolicy, 'policy'> & { misfits?: Misfit[] },
  current: () => Policy,
): AdoptInput => ({
  source,
  author,
  misfits,
  warnings: warnings.map(formatProblem),
  differencesFrom: (before) => {
    const loaded = loadPolicy(policyInput(before, environment.policyPath, env));
    return 'problems' in loaded ? null : policyDifferences(loaded.policy, current());
  },
});

export const createPolicyHolder = (options: AppOptions, late: Late): PolicySource => {
  const { environment, env, first, log } = options;
  const holder = createPolicySource(first.policy, {
    path: environment.policyPath,
    load: (text) => reload(text, environment.policyPath, env),
    onAdopted: async (source, warnings) => {
      const { sha256: policy, calendars } = holder.current();
      log.info({ policy, calendars }, 'a new policy is in force');
      const author = await readPolicyAuthor(environment.policyPath, source, env);
      const { access, useCases } = late;
      if (!access || !useCases) return;
      const { misfits, tellRest } = await checkAdopted({ access, useCases, log });
      await useCases.adoptPolicy(adoption(options, { source, warnings, author, misfits }, holder.current));
      tellRest();
    },
    onRejected: async (problems) => {
      const lines = problems.map(formatProblem);
      log.error({ problems: lines }, 'the changed policy file is refused; the old policy stays in force');
      await late.useCases?.rejectPolicy({ problems: lines });
    },
    onRestored: async (source, warnings) => {
      log.info({ policy: holder.current().sha256 }, 'the policy file is again the policy in force');
      await late.useCases?.adoptPolicy(adoption(options, { source, warnings, author: null }, holder.current));
    },
    onError: (error) => log.error({ err: error }, 'the policy could not be reloaded'),
  });
  return holder;
};
