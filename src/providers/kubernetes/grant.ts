/** Makes one access: an account where the role wants one, a binding in each place, and the API server's own word that it works. */
import {
  ProviderError,
  granteeName,
  type Granted,
  type Grantee,
  type ProviderContext,
  type Standing,
} from '../provider.ts';
import { confirmAccess, isAllowed, probeIn } from './access-review.ts';
import { ensureAccount, makeToken } from './account.ts';
import { asObject, type Api } from './api.ts';
import { accountPath, bindingPath, bodyOf, putBinding, removeObject, subjectsOf } from './bindings.ts';
import type { Handle, Scope } from './config.ts';
import {
  assertOurs,
  closedAtOf,
  expiresAtOf,
  expiryNote,
  hadItAnyway,
  nameOf,
  notesOf,
  tokenExpiresAtOf,
} from './marks.ts';
import {
  bindingSchema,
  bindingsAt,
  objectSchema,
  placesOf,
  RBAC,
  roleRefOf,
  sayPlace,
  type Binding,
  type KubeObject,
  type Place,
  type Rule,
  type Subject,
} from './objects.ts';
import { guardedPlaces } from './guarded-places.ts';
import { refusedIn } from './role-risks.ts';
import { demandRoles, hashOf, rulesIn } from './roles.ts';
import { personInstructions, tokenSecret } from './secret.ts';

const ALLOWED_WITHIN_MS = 8_000;

type Who = Grantee & Pick<ProviderContext, 'identity'>;

const personOf = (ctx: Who): Subject => {
  if (!('person' in ctx))
    throw new ProviderError(
      'unsupported',
      `${granteeName(ctx)} is a job and no user of this cluster. Give it a role with subject: token.`,
    );
  const { identity } = ctx;
  if (identity === undefined || !('user' in identity)) {
    const why = identity !== undefined && 'missing' in identity ? identity.missing : null;
    throw new ProviderError(
      'misconfigured',
      why ?? `Latchkey does not know what ${ctx.person.name} is called in this cluster.`,
    );
  }
  if (identity.user.startsWith('system:'))
    throw new ProviderError(
      'misconfigured',
      `${identity.user} is a name that Kubernetes keeps for itself. Correct identity of the target.`,
    );
  return { kind: 'User', apiGroup: RBAC, name: identity.user };
};

type Want = { scope: Scope; ctx: ProviderContext; subject: Subject; rules: readonly Rule[]; anyway: boolean };

const isRole = (binding: Binding, scope: Scope): boolean => {
  const { kind, name } = roleRefOf(scope);
  return binding.roleRef.kind === kind && binding.roleRef.name === name;
};

const noteFor = ({ ctx, subject, rules, anyway }: Want): Record<string, string> =>
  notesOf({ ctx, subject, rules: hashOf(rules), anyway });

/** What is closed stays closed. */
const assertOpen = (binding: Binding): void => {
  if (closedAtOf(binding) !== null || binding.metadata.deletionTimestamp)
    throw new ProviderError('denied', `The access ${binding.metadata.name} was ended, and is not opened again.`);
};

const makeBinding = async (api: Api, want: Want, place: Place): Promise<Binding | null> => {
  const { ctx, scope, subject } = want;
  const base = bodyOf({ grantId: ctx.grantId, place }, api.settings.namespace);
  const body = {
    ...base,
    metadata: { ...base.metadata, annotations: noteFor(want) },
    roleRef: roleRefOf(scope),
    subjects: [subject],
  };
  const call = { method: 'POST' as const, path: bindingsAt(place), body, what: 'make a binding', allowed: [404, 409] };
  const made = await api.call(call, ctx.signal);
  if (made.status === 404)
    throw new ProviderError(
      'misconfigured',
      `${sayPlace(place)} or its role does not exist. Correct namespaces in the scope.`,
    );
  return made.status === 409 ? null : asObject(bindingSchema, made.body, 'a binding');
};

const ensureBinding = async (api: Api, want: Want, place: Place): Promise<void> => {
  const { ctx, scope, subject } = want;
  if ((await makeBinding(api, want, place)) !== null) return;
  const path = bindingPath(place, nameOf(ctx.grantId));
  const known = await api.get(path, bindingSchema, ctx.signal);
  if (known === null) throw new ProviderError('conflict', `The binding ${path} went away while it was made.`);
  assertOurs(known, api.settings.namespace);
  assertOpen(known);
  if (isRole(known, scope)) {
    const change = { subjects: [subject], notes: noteFor({ ...want, anyway: want.anyway || hadItAnyway(known) }) };
    const put = await putBinding(api, { binding: known, change }, ctx.signal);
    if (put === null) throw new ProviderError('conflict', `The binding ${path} went away while it was changed.`);
    return;
  }
  // The role of a binding cannot be changed.
  await removeObject(api, { path, object: known }, ctx.signal);
  if ((await makeBinding(api, want, place)) === null)
    throw new ProviderError('conflict', `The binding ${path} was made by others at the same moment.`);
};

/** Whether some other binding, or another authorizer, gives the person a part of it already. */
const hasAnyway = async (api: Api, want: Omit<Want, 'anyway'>): Promise<boolean> => {
  const { ctx, scope, subject, rules } = want;
  if (scope.subject === 'token') return false;
  const said = await Promise.all(
    placesOf(scope).map(async (place) => {
      const known = await api.get(bindingPath(place, nameOf(ctx.grantId)), bindingSchema, ctx.signal);
      if (known !== null) return hadItAnyway(known);
      const probe = probeIn(rules, place);
      return probe !== null && (await isAllowed(api, { subject, probe }, ctx.signal));
    }),
  );
  return said.includes(true);
};

/** Also where nobody looked before: a role may have grown since. */
const demandSafe = (api: Api, scope: Scope, rules: readonly Rule[]): void => {
  const [reached] = guardedPlaces(api.settings.namespace, scope, rules);
  if (reached) throw new ProviderError('denied', reached.message);
  const refused = refusedIn(rules);
  if (refused.length === 0) return;
  const { kind, name } = roleRefOf(scope);
  throw new ProviderError(
    'denied',
    `The ${kind} "${name}" is not granted, since somebody could keep access by it: ${refused.slice(0, 5).join('; ')}. Grant a role without that.`,
  );
};

const subjectFor = (api: Api, account: KubeObject | null, ctx: ProviderContext): Subject =>
  account === null
    ? personOf(ctx)
    : { kind: 'ServiceAccount', namespace: api.settings.namespace, name: account.metadata.name };

export const grant = async (api: Api, scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>> => {
  const rules = rulesIn(await demandRoles(api, scope, ctx.signal));
  demandSafe(api, scope, rules);
  if (scope.subject === 'person') personOf(ctx);
  const account = scope.subject === 'token' ? await ensureAccount(api, ctx) : null;
  const subject = subjectFor(api, account, ctx);
  const anyway = await hasAnyway(api, { scope, ctx, subject, rules });
  const want = { scope, ctx, subject, rules, anyway };
  await Promise.all(placesOf(scope).map(async (place) => await ensureBinding(api, want, place)));
  for (const place of placesOf(scope)) {
    const probe = probeIn(rules, place);
    if (probe) await confirmAccess(api, { subject, probe, isAllowed: true, withinMs: ALLOWED_WITHIN_MS }, ctx.signal);
  }
  const handle = { name: nameOf(ctx.grantId) };
  if (account === null) return { handle, ...personInstructions(scope, { subject, anyway }) };
  const { token } = await makeToken(api, account, ctx);
  return { handle, ...tokenSecret(api.settings, scope, { token, name: handle.name }) };
};

/** Of a role for people: whom the cluster would see, and whether they have a part of it anyway. The handle is of no grant yet. */
export const findPerson = async (
  api: Api,
  scope: Scope,
  ctx: Who & Pick<ProviderContext, 'signal'>,
): Promise<Standing<Handle>> => {
  const subject = personOf(ctx);
  const rules = rulesIn(await demandRoles(api, scope, ctx.signal));
  demandSafe(api, scope, rules);
  const said = await Promise.all(
    placesOf(scope).map(async (place) => {
      const probe = probeIn(rules, place);
      return probe !== null && (await isAllowed(api, { subject, probe }, ctx.signal));
    }),
  );
  return { handle: { name: subject.name }, account: subject.name, hadAlready: said.includes(true) };
};

const demandLongToken = async (api: Api, ctx: ProviderContext): Promise<void> => {
  const account = await api.get(accountPath(api, nameOf(ctx.grantId)), objectSchema, ctx.signal);
  const endsAt = account && tokenExpiresAtOf(account);
  if (endsAt === null) throw new ProviderError('denied', `The service account of grant ${ctx.grantId} is gone.`);
  if (endsAt < ctx.expiresAt)
    throw new ProviderError(
      'denied',
      `The token of this access expires at ${endsAt.toISOString()} and cannot be made longer. Give the access back, and request it anew.`,
    );
};

const move = async (api: Api, binding: Binding | null, ctx: ProviderContext): Promise<void> => {
  if (binding === null) throw new ProviderError('denied', `The access of grant ${ctx.grantId} is gone.`);
  assertOpen(binding);
  const change = { subjects: subjectsOf(binding), notes: expiryNote(ctx.expiresAt) };
  const put = await putBinding(api, { binding, change }, ctx.signal);
  if (put === null) throw new ProviderError('denied', `The access of grant ${ctx.grantId} is gone.`);
  if (expiresAtOf(put)?.getTime() !== ctx.expiresAt.getTime())
    throw new ProviderError(
      'conflict',
      `The binding ${put.metadata.name} has another deadline than the one it was given.`,
    );
};

/** The deadline on the bindings is what the guard in the cluster goes by. */
export const extend = async (api: Api, scope: Scope, ctx: ProviderContext): Promise<void> => {
  if (scope.subject === 'token') await demandLongToken(api, ctx);
  const name = nameOf(ctx.grantId);
  for (const place of placesOf(scope))
    await move(api, await api.get(bindingPath(place, name), bindingSchema, ctx.signal), ctx);
};
