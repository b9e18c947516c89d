/** The policy in force: loaded at the start, on change and on SIGHUP. */
import { splitFound } from '../config/found-text.ts';
import { completePolicy } from './lists/complete-policy.ts';
import type { StoredRows } from './lists/complete-policy.ts';
import { changesFrom, departedFrom, newlyFound } from './policy-changes.ts';
import { policyInput } from './policy-input.ts';
import { checkAdopted } from './report-targets.ts';
import { loadPolicy } from '../config/policy-file.ts';
import type { LoadedPolicy } from '../config/policy-file.ts';
import { readPolicyAuthor } from '../config/policy-author.ts';
import { loadPolicyAside, takesLong } from '../config/load-policy-aside.ts';
import { createPolicySource, readPolicyText } from '../config/policy-source.ts';
import type { PolicySource } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Variables } from '../config/variable.ts';
import { policyDifferences } from '../domain/policy/differences.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { AdoptInput } from '../application/policy/adopt-policy.ts';
import type { Misfit } from '../application/policy/misfits.ts';
import type { AppOptions, FirstPolicy, Late } from './options.ts';

/** `stored`: what its lists of targets gave before. */
export const readFirstPolicy = async (
  path: string,
  env: Variables,
  stored: StoredRows = () => Promise.resolve(null),
): Promise<{ first: FirstPolicy } | { problems: ConfigProblem[] }> => {
  const read = await readPolicyText(path);
  if ('problems' in read) return read;
  // Begun first: git looks while the file is checked.
  const author = readPolicyAuthor(path, read.text, env);
  const completed = await completePolicy({ text: read.text, path, env }, stored);
  if ('problems' in completed) {
    await author;
    return completed;
  }
  const loaded = loadPolicy(policyInput(completed.text, path, env));
  return 'problems' in loaded ? loaded : { first: { ...loaded, source: completed.text, author: await author } };
};

/** In the bundle, where all code lies in one folder, it is an entry of its own. */
const providersModule = new URL(
  import.meta.url.endsWith('.ts') ? '../providers/registry.ts' : './providers/registry.js',
  import.meta.url,
).href;

/** Beside the running app: what takes long is checked where it holds nobody up. */
const reload = (text: string, path: string, env: Variables): LoadedPolicy | Promise<LoadedPolicy> =>
  takesLong(text) ? loadPolicyAside({ text, path, env, providersModule }) : loadPolicy(policyInput(text, path, env));

type Adopting = Omit<FirstPolicy, 'policy'> & { misfits?: Misfit[]; previous: Policy | null };

/** `current`: the policy in force now, which is the new one. */
export const adoption = (
  options: AppOptions,
  { source, warnings, author, previous, misfits = [] }: Adopting,
  current: Policy,
): AdoptInput => ({
  source,
  author,
  misfits,
  warnings: warnings.map(formatProblem),
  changesFrom: changesFrom(options, { source, previous, current }),
});

type Adopted = { source: string; warnings: ConfigProblem[]; previous: Policy; current: Policy };

/** What left the policy is kept before anything is waited for: access in it may end at this moment. */
const adopted = async (
  options: AppOptions,
  late: Late,
  { source, warnings, previous, current }: Adopted,
): Promise<void> => {
  const { environment, env, log } = options;
  const { access, useCases } = late;
  access?.keepDeparted(departedFrom(previous, current));
  const { sha256: policy, calendars, lists } = current;
  const held = Object.fromEntries(Object.entries(lists).map(([list, { sha256, rows }]) => [list, { sha256, rows }]));
  log.info({ policy, calendars, lists: held }, 'a new policy is in force');
  const author = await readPolicyAuthor(environment.policyPath, splitFound(source).typed, env);
  if (!access || !useCases) return;
  const isFileSame = policyDifferences(previous, current).length === 0;
  const only = isFileSame && Object.keys(lists).length > 0 ? { only: newlyFound(previous, current) } : {};
  const { misfits, reportRest } = await checkAdopted({ access, useCases, log, ...only });
  await useCases.adoptPolicy(adoption(options, { source, warnings, author, misfits, previous }, current));
  reportRest();
};

export const createPolicyHolder = (options: AppOptions, late: Late): PolicySource => {
  const { environment, env, first, log } = options;
  const path = environment.policyPath;
  const stored: StoredRows = async (list, plan) => (await late.storedRows?.(list, plan)) ?? null;
  const holder = createPolicySource(first.policy, {
    path,
    complete: (text) => completePolicy({ text, path, env }, stored),
    load: (text) => reload(text, path, env),
    onAdopted: (source, warnings, previous) =>
      adopted(options, late, { source, warnings, previous, current: holder.current() }),
    onRejected: async (problems) => {
      const lines = problems.map(formatProblem);
      log.error({ problems: lines }, 'the changed policy file is refused; the old policy stays in force');
      await late.useCases?.rejectPolicy({ problems: lines });
    },
    onRestored: async (source, warnings) => {
      log.info({ policy: holder.current().sha256 }, 'the policy file is again the policy in force');
      const previous = holder.current();
      await late.useCases?.adoptPolicy(adoption(options, { source, warnings, author: null, previous }, previous));
    },
    onError: (error) => log.error({ err: error }, 'the policy could not be reloaded'),
  });
  return holder;
};
