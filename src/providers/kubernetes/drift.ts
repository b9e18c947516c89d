/** What exists in the cluster against what was made: our bindings as they are, what only looks like ours, and the way back. */
import { z } from 'zod';
import { ProviderError, type Difference, type Lookalike, type Ours, type ProviderContext } from '../provider.ts';
import type { Api } from './api.ts';
import { bindingPath, findMade, listMade, pathOfBinding, putBinding, removeObject, subjectsOf } from './bindings.ts';
import type { Handle, Scope } from './config.ts';
import {
  closedAtOf,
  expiresAtOf,
  expiryNote,
  grantOf,
  isNamedLikeOurs,
  isOurs,
  LABELS,
  madeFor,
  nameOf,
  OURS,
  rulesHashOf,
  subjectText,
} from './marks.ts';
import {
  bindingSchema,
  placeOf,
  placesOf,
  roleRefOf,
  sayPlace,
  type Binding,
  type KubeObject,
  type Subject,
} from './objects.ts';
import { hashOf, rolesFor, rulesIn } from './roles.ts';

const foundSchema = z.object({
  hasAccount: z.boolean(),
  bindings: z.array(
    z.object({
      namespace: z.string().nullable(),
      role: z.string(),
      subjects: z.array(z.string()),
      madeFor: z.string(),
      expiresAtMs: z.number(),
      isClosed: z.boolean(),
      finalizers: z.array(z.string()),
    }),
  ),
});
type Found = z.infer<typeof foundSchema>;
type One = Found['bindings'][number];

const roleText = ({ kind, name }: { kind: string; name: string }): string => `${kind} ${name}`;

const oneOf = (binding: Binding): One => {
  const subject = madeFor(binding);
  const subjects = subjectsOf(binding).map(subjectText);
  return {
    ...placeOf(binding),
    role: roleText(binding.roleRef),
    subjects,
    madeFor: subject === null ? '' : subjectText(subject),
    expiresAtMs: expiresAtOf(binding)?.getTime() ?? 0,
    isClosed: subjects.length === 0,
    finalizers: binding.metadata.finalizers ?? [],
  };
};

export const listOurs = async (api: Api, signal: AbortSignal): Promise<Ours<Handle>[]> => {
  const { namespace: from } = api.settings;
  const { bindings, accounts } = await listMade(api, OURS, signal);
  const ids = new Set(
    [...bindings, ...accounts].filter((one) => isOurs(one, from)).flatMap((one) => grantOf(one) ?? []),
  );
  const ourBindings = bindings.filter((one) => isOurs(one, from));
  const withAccount = new Set(accounts.filter((one) => isOurs(one, from)).map(grantOf));
  return [...ids].map((grantId) => {
    const mine = ourBindings.filter((one) => grantOf(one) === grantId);
    const expiries = mine.flatMap((binding) => expiresAtOf(binding)?.getTime() ?? []);
    const found: Found = { hasAccount: withAccount.has(grantId), bindings: mine.map(oneOf) };
    return {
      grantId,
      handle: { name: nameOf(grantId) },
      expiresAt: expiries.length === 0 ? null : new Date(Math.min(...expiries)),
      name: nameOf(grantId),
      found,
    };
  });
};

const at = (one: One): string => sayPlace({ namespace: one.namespace });

const widerIn = (one: One, scope: Scope): string[] => {
  const extra = one.subjects.filter((subject) => subject !== one.madeFor);
  const isWanted = placesOf(scope).some(({ namespace }) => namespace === one.namespace);
  return [
    ...(extra.length > 0 ? [`${extra.slice(0, 5).join(', ')} got it too in ${at(one)}`] : []),
    ...(one.role === roleText(roleRefOf(scope)) ? [] : [`it gives the ${one.role} in ${at(one)}`]),
    ...(isWanted ? [] : [`it gives access in ${at(one)}`]),
    ...(one.finalizers.length > 0
      ? [`it has finalizers in ${at(one)} (${one.finalizers.slice(0, 3).join(', ')}), which keep it when it is deleted`]
      : []),
  ];
};

export const differences = (scope: Scope, ours: Ours<Handle>, expiresAt: Date): Difference[] => {
  const { bindings, hasAccount } = foundSchema.parse(ours.found);
  if (bindings.length > 0 && bindings.every(({ isClosed }) => isClosed))
    return [{ kind: 'closed', message: 'it was closed by hand' }];
  const wrong = bindings.find(({ expiresAtMs }) => expiresAtMs !== expiresAt.getTime());
  const lost = [
    ...placesOf(scope)
      .filter((place) => !bindings.some((one) => one.namespace === place.namespace && !one.isClosed))
      .map(sayPlace),
    ...(scope.subject === 'token' && !hasAccount ? ['its service account'] : []),
  ];
  return [
    ...(wrong
      ? [
          {
            kind: 'deadline' as const,
            message: `its deadline in ${at(wrong)} is ${new Date(wrong.expiresAtMs).toISOString()} instead of ${expiresAt.toISOString()}`,
          },
        ]
      : []),
    ...bindings.flatMap((one) => widerIn(one, scope)).map((message) => ({ kind: 'wider' as const, message })),
    ...(lost.length > 0 ? [{ kind: 'narrower' as const, message: `it lost ${lost.join(', ')}` }] : []),
  ];
};

const whereOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`;

const isLabelled = ({ metadata }: KubeObject): boolean => metadata.labels?.[LABELS.managedBy] === 'latchkey';

/** A grant's account in a binding of somebody else keeps what the grant never gave: named as an account, as a user, or as all accounts there. */
const strayIn = (binding: Binding, own: string): string | undefined => {
  const found = subjectsOf(binding).find(({ kind, name, namespace }) =>
    kind === 'ServiceAccount'
      ? namespace === own && name.startsWith('lk-')
      : (kind === 'User' && name.startsWith(`system:serviceaccount:${own}:lk-`)) ||
        // In that namespace itself some clusters bind it by themselves, to pull images.
        (kind === 'Group' && name === `system:serviceaccounts:${own}` && placeOf(binding).namespace !== own),
  );
  if (found === undefined) return undefined;
  return found.kind === 'Group' ? 'the accounts of all grants' : `the service account ${found.name} of a grant`;
};

const lookalikesIn = ({
  objects,
  own,
  what,
}: {
  objects: readonly KubeObject[];
  own: string;
  what: string;
}): Lookalike[] =>
  objects
    .filter((one) => !isOurs(one, own))
    .flatMap((one): Lookalike[] => {
      const name = `${what} ${one.metadata.name}${whereOf(one)}`;
      const from = one.metadata.labels?.[LABELS.from];
      // Of another target of this cluster, or of another Latchkey: theirs to look after.
      if (isLabelled(one) && from !== undefined && from !== own) return [];
      if (isLabelled(one))
        return [{ kind: 'stray', name, why: 'it has the label of Latchkey, and no grant of Latchkey made it.' }];
      return isNamedLikeOurs(one)
        ? [{ kind: 'lookalike', name, why: 'it is named like an access of Latchkey and has no mark of Latchkey.' }]
        : [];
    });

/** A role that allows something else than when it was granted. */
const changedRoles = async (
  api: Api,
  { scopes, bindings }: { scopes: Record<string, Scope>; bindings: readonly Binding[] },
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  const found = new Map<string, Lookalike>();
  for (const scope of Object.values(scopes)) {
    const mine = bindings.filter(
      (one) =>
        roleText(one.roleRef) === roleText(roleRefOf(scope)) && subjectsOf(one).length > 0 && rulesHashOf(one) !== null,
    );
    const [first] = mine;
    if (first === undefined) continue;
    const now = hashOf(rulesIn(await rolesFor(api, scope, signal)));
    const isInScope = (one: Binding): boolean =>
      placesOf(scope).some(({ namespace }) => namespace === placeOf(one).namespace);
    if (!mine.some((one) => isInScope(one) && rulesHashOf(one) !== now)) continue;
    const name = roleText(first.roleRef);
    found.set(name, { kind: 'group', name, why: 'it allows something else now than when it was granted.' });
  }
  return [...found.values()];
};

export const listLookalikes = async (
  api: Api,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  const { namespace: own } = api.settings;
  const { bindings, accounts } = await listMade(api, null, signal);
  return [
    ...lookalikesIn({ objects: bindings, own, what: 'binding' }),
    ...lookalikesIn({ objects: accounts, own, what: 'service account' }),
    ...bindings
      .filter((binding) => !isOurs(binding, own))
      .flatMap((binding): Lookalike[] => {
        const subject = strayIn(binding, own);
        if (subject === undefined) return [];
        const name = `binding ${binding.metadata.name}${whereOf(binding)}`;
        return [{ kind: 'stray', name, why: `it gives more to ${subject}.` }];
      }),
    ...(await changedRoles(api, { scopes, bindings: bindings.filter((one) => isOurs(one, own)) }, signal)),
  ];
};

/** Whom it was made for: what a person is called by now is another question. */
const subjectFor = (
  api: Api,
  scope: Scope,
  { binding, grantId }: { binding: Binding; grantId: string },
): Subject | null =>
  scope.subject === 'token'
    ? { kind: 'ServiceAccount', namespace: api.settings.namespace, name: nameOf(grantId) }
    : madeFor(binding);

/** What has another role, or is where none was granted, goes; the rest gets its own subject, deadline and no finalizers. */
export const restore = async (api: Api, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const [made] = await findMade(api, [{ grantId: ctx.grantId, scope }], ctx.signal);
  const open = (made?.bindings ?? []).filter((one) => subjectsOf(one).length > 0 && closedAtOf(one) === null);
  if (open.length === 0)
    throw new ProviderError(
      'conflict',
      `The access of grant ${ctx.grantId} is gone or closed, so nothing was put back.`,
    );
  for (const binding of open) {
    const isRight =
      roleText(binding.roleRef) === roleText(roleRefOf(scope)) &&
      placesOf(scope).some(({ namespace }) => namespace === placeOf(binding).namespace);
    const subject = subjectFor(api, scope, { binding, grantId: ctx.grantId });
    const subjects = isRight && subject !== null ? [subject] : [];
    const change = { subjects, notes: expiryNote(ctx.expiresAt), finalizers: [] };
    const put = await putBinding(api, { binding, change }, ctx.signal);
    if (put !== null && !isRight) await removeObject(api, { path: pathOfBinding(put), object: put }, ctx.signal);
  }
  for (const place of placesOf(scope)) {
    const after = await api.get(bindingPath(place, nameOf(ctx.grantId)), bindingSchema, ctx.signal);
    if (after !== null && (subjectsOf(after).length > 1 || (after.metadata.finalizers ?? []).length > 0))
      throw new ProviderError('conflict', `The binding ${after.metadata.name} was not as it should be when read back.`);
  }
};
