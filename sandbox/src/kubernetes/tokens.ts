/** TokenRequest, and whom a bearer token is. */
import { randomBytes } from 'node:crypto';
import type { Request } from './objects.ts';
import { find } from './state.ts';
import type { State, User } from './state.ts';
import { invalid, notFound } from './status.ts';

const SHORTEST_S = 600;
const LONGEST_S = 2 ** 32;

export const createToken = ({ state, about, body }: Request): object => {
  const key = { at: '/serviceaccounts', namespace: about.namespace, name: about.name };
  const account = find(state, key);
  if (!account) throw notFound('serviceaccounts', about.name);
  const spec = (body['spec'] ?? {}) as { expirationSeconds?: number };
  const seconds = spec.expirationSeconds ?? 3_600;
  if (seconds < SHORTEST_S)
    throw invalid(
      'TokenRequest',
      about.name,
      'spec.expirationSeconds: Invalid value: may not specify a duration less than 10 minutes',
    );
  if (seconds > LONGEST_S) throw invalid('TokenRequest', about.name, 'spec.expirationSeconds: Too long');
  const token = `standin.${randomBytes(48).toString('base64url')}`;
  const expiresAtMs = Date.now() + seconds * 1000;
  const { namespace, name } = about;
  state.tokens.set(token, { account: { namespace, name, uid: account.metadata.uid }, expiresAtMs });
  const expirationTimestamp = `${new Date(expiresAtMs).toISOString().slice(0, 19)}Z`;
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec,
    status: { token, expirationTimestamp },
  };
};

export const accountUser = (namespace: string, name: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});

/** Null where it is not accepted. One that was accepted goes on being so for a while when its account is gone. */
export const userOf = (state: State, token: string): User | null => {
  const user = state.users.get(token);
  if (user) return user;
  const found = state.tokens.get(token);
  const now = Date.now();
  if (!found || found.expiresAtMs <= now) return null;
  const { namespace, name, uid } = found.account;
  const account = find(state, { at: '/serviceaccounts', namespace, name });
  if (account?.metadata.uid === uid) {
    state.accepted.set(token, now);
    return accountUser(namespace, name);
  }
  return now - (state.accepted.get(token) ?? 0) < state.acceptedForMs ? accountUser(namespace, name) : null;
};
