/** A service account for one grant, and a token of it. */
import { z } from 'zod';
import { ProviderError, type ProviderContext } from '../provider.ts';
import { asObject, type Api } from './api.ts';
import { accountPath } from './bindings.ts';
import { assertOurs, expiryNote, labelsOf, nameOf, tokenNote } from './marks.ts';
import { accountsIn, objectSchema, type KubeObject } from './objects.ts';

/** The API server gives none that is shorter. */
const SHORTEST_TOKEN_S = 600;
const LONGEST_TOKEN_S = 48 * 3_600;

const tokenSchema = z.looseObject({
  status: z.looseObject({ token: z.string(), expirationTimestamp: z.iso.datetime({ offset: true }) }),
});

export type Token = { token: string; expiresAt: Date };

/** It outlives the deadline, so that an extension needs no new one: what ends it is that its account is deleted. */
const lifeOf = (expiresAt: Date): number =>
  Math.min(LONGEST_TOKEN_S, Math.max(SHORTEST_TOKEN_S, Math.ceil((2 * (expiresAt.getTime() - Date.now())) / 1000)));

export const ensureAccount = async (api: Api, ctx: ProviderContext): Promise<KubeObject> => {
  const { namespace } = api.settings;
  const name = nameOf(ctx.grantId);
  const body = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name,
      namespace,
      labels: labelsOf(ctx.grantId, namespace),
      annotations: expiryNote(ctx.expiresAt),
    },
    automountServiceAccountToken: false,
  };
  const call = { method: 'POST' as const, path: accountsIn(namespace), body, what: 'make a service account' };
  const made = await api.call({ ...call, allowed: [404, 409] }, ctx.signal);
  if (made.status === 404)
    throw new ProviderError(
      'misconfigured',
      `The namespace "${namespace}" of the target does not exist. \`latchkey doctor --sql\` prints it.`,
    );
  if (made.status !== 409) return asObject(objectSchema, made.body, 'a service account');
  const known = await api.get(accountPath(api, name), objectSchema, ctx.signal);
  if (known === null) throw new ProviderError('conflict', `The service account ${name} went away while it was made.`);
  assertOurs(known, namespace);
  if (known.metadata.deletionTimestamp)
    throw new ProviderError('conflict', `The service account ${name} is being deleted.`);
  return known;
};

const noteExpiry = async (api: Api, account: KubeObject, change: { at: Date; signal: AbortSignal }): Promise<void> => {
  const path = accountPath(api, account.metadata.name);
  const { metadata } = account;
  const annotations = { ...metadata.annotations, ...tokenNote(change.at) };
  const body = { ...account, apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, annotations } };
  await api.call({ method: 'PUT', path, body, what: 'note when a token expires' }, change.signal);
};

export const makeToken = async (api: Api, account: KubeObject, ctx: ProviderContext): Promise<Token> => {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { expirationSeconds: lifeOf(ctx.expiresAt) },
  };
  const path = `${accountPath(api, account.metadata.name)}/token`;
  const made = await api.call({ method: 'POST', path, body, what: 'make a token' }, ctx.signal);
  const { status } = asObject(tokenSchema, made.body, 'a token');
  const expiresAt = new Date(status.expirationTimestamp);
  // The server may give less than was requested.
  await noteExpiry(api, account, { at: expiresAt, signal: ctx.signal });
  return { token: status.token, expiresAt };
};
