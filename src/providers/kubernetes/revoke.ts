/**
 * The two strokes. Closed: nobody stands in the bindings, the account is gone, the API server says no, and pods that were to be restarted
 * are. Removed: the bindings are gone. A binding that is only deleted goes on giving access while it has a finalizer, so it is emptied first.
 */
import { createLanes } from '../../lib/limiter.ts';
import { ProviderError, type CloseOutcome, type ProviderContext, type RevokeOutcome } from '../provider.ts';
import { identityOf, isAllowed, probeIn } from './access-review.ts';
import type { Api } from './api.ts';
import {
  accountPath,
  findMade,
  listMade,
  pathOfBinding,
  putBinding,
  removeObject,
  subjectsOf,
  type Made,
} from './bindings.ts';
import { restartedPods, type Scope } from './config.ts';
import { closedAtOf, closedNote, hadItAnyway, madeFor } from './marks.ts';
import { placeOf, rolePath, roleSchema, type Binding, type Rule, type Subject } from './objects.ts';
import { restartPods } from './pods.ts';
import { confirmed } from '../kit/read-back.ts';

const AT_ONCE = 8;
const DENIED_WITHIN_MS = 6_000;
/** The cluster's clock shows whole seconds. */
const SECOND_MS = 1_000;

export type Wanted = { grantId: string; scope: Scope };
type Ctx = Pick<ProviderContext, 'signal' | 'log'>;

const nowThere = async (api: Api, signal: AbortSignal): Promise<Date> =>
  (await api.call({ method: 'GET', path: '/version', what: 'read the version', allowed: [401, 403, 404] }, signal))
    .date;

const empty = async (api: Api, binding: Binding, signal: AbortSignal): Promise<Binding | null> => {
  if (subjectsOf(binding).length === 0 && closedAtOf(binding) !== null) return binding;
  const closedAt = closedAtOf(binding) ?? new Date((await nowThere(api, signal)).getTime() + SECOND_MS);
  const put = await putBinding(api, { binding, change: { subjects: [], notes: closedNote(closedAt) } }, signal);
  if (put !== null && subjectsOf(put).length > 0)
    throw new ProviderError('conflict', `The binding ${put.metadata.name} was not empty when read back.`);
  return put;
};

const isIn = (binding: Binding, subject: Subject): boolean => {
  const { user, groups } = identityOf(subject);
  return subjectsOf(binding).some((one) =>
    one.kind === 'Group' ? groups.includes(one.name) : identityOf(one).user === user,
  );
};

/** Somebody else gave it to them, or another grant does. */
const isGivenByOthers = async (api: Api, subject: Subject, signal: AbortSignal): Promise<boolean> => {
  const { bindings } = await listMade(api, null, signal);
  return bindings.some((binding) => isIn(binding, subject));
};

const rulesOf = async (api: Api, binding: Binding, signal: AbortSignal): Promise<readonly Rule[]> =>
  (await api.get(rolePath(binding.roleRef, placeOf(binding)), roleSchema, signal))?.rules ?? [];

/** The API server's own word, unless somebody had it before or has it by others. */
const demandDenied = async (api: Api, binding: Binding, ctx: Ctx): Promise<void> => {
  const subject = madeFor(binding);
  if (subject === null || hadItAnyway(binding)) return;
  const probe = probeIn(await rulesOf(api, binding, ctx.signal), placeOf(binding));
  if (probe === null) return;
  const read = async (): Promise<boolean> => !(await isAllowed(api, { subject, probe }, ctx.signal));
  const { user } = identityOf(subject);
  try {
    const what = `that ${user} has no access any more`;
    await confirmed({ read, what, everyMs: 50, withinMs: DENIED_WITHIN_MS, signal: ctx.signal });
  } catch (error) {
    if (!(error instanceof ProviderError) || !(await isGivenByOthers(api, subject, ctx.signal))) throw error;
    ctx.log.warn(
      { binding: binding.metadata.name, user },
      'has the same access by another binding, which Latchkey leaves alone',
    );
  }
};

const isFound = ({ bindings, account }: Made): boolean => bindings.length > 0 || account !== null;

const closeOne = async (api: Api, { made, scope }: { made: Made; scope: Scope }, ctx: Ctx): Promise<Binding[]> => {
  const emptied = await Promise.all(made.bindings.map(async (binding) => await empty(api, binding, ctx.signal)));
  const left = emptied.filter((binding) => binding !== null);
  const { account } = made;
  if (account !== null)
    await removeObject(api, { path: accountPath(api, account.metadata.name), object: account }, ctx.signal);
  for (const binding of left) await demandDenied(api, binding, ctx);
  const labelSelector = restartedPods(scope);
  for (const binding of left) {
    const { namespace } = placeOf(binding);
    const before = closedAtOf(binding);
    if (labelSelector !== null && namespace !== null && before !== null)
      await restartPods(api, { namespace, labelSelector, before }, ctx.signal);
  }
  return left;
};

const forEach = async <T>(
  api: Api,
  { items, ctx }: { items: readonly Wanted[]; ctx: Ctx },
  work: (made: Made, scope: Scope) => Promise<T>,
): Promise<T[]> => {
  const found = await findMade(api, items, ctx.signal);
  const inLane = createLanes(AT_ONCE);
  const settled = await Promise.allSettled(
    items.map(async ({ scope }, index) => {
      const made = found[index] ?? { bindings: [], account: null };
      return await inLane(async () => await work(made, scope), ctx.signal);
    }),
  );
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
};

export const closeAll = async (api: Api, items: readonly Wanted[], ctx: Ctx): Promise<CloseOutcome[]> =>
  await forEach(api, { items, ctx }, async (made, scope) => {
    if (!isFound(made)) return 'absent';
    await closeOne(api, { made, scope }, ctx);
    return 'closed';
  });

export const revokeAll = async (api: Api, items: readonly Wanted[], ctx: Ctx): Promise<RevokeOutcome[]> =>
  await forEach(api, { items, ctx }, async (made, scope) => {
    if (!isFound(made)) return 'already_absent';
    const closed = await closeOne(api, { made, scope }, ctx);
    for (const binding of closed)
      await removeObject(api, { path: pathOfBinding(binding), object: binding }, ctx.signal);
    return 'removed';
  });

export const isPresent = async (api: Api, wanted: Wanted, signal: AbortSignal): Promise<boolean> =>
  (await findMade(api, [wanted], signal)).some(isFound);
