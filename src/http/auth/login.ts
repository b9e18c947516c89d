/** A token for a session. Why a token is refused is written to the log, and not answered. */
import { setTimeout as delay } from 'node:timers/promises';
import { clientIdOf } from '../../domain/principals/client.ts';
import type { ClientSession } from '../../domain/principals/client.ts';
import type { ClientEntry } from '../../domain/clients/client.ts';
import { jobOf } from '../../domain/clients/job.ts';
import { LEEWAY_MS } from '../../domain/clients/token-times.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Replays } from '../../application/record/replay-ports.ts';
import type { Log } from '../../lib/log.ts';
import type { Rarely } from '../../lib/rarely.ts';
import { examineToken } from './examine-token.ts';
import type { Examination } from './examine-token.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { hashOf } from './session.ts';
import type { OpenedSession, Sessions } from './session.ts';

export type LoginDeps = {
  policy: () => Policy;
  publicUrl: string | null;
  keys: IssuerKeys;
  sessions: Sessions;
  replays: Pick<Replays, 'claim' | 'isKnown'>;
  now: () => Promise<Date>;
  log: Log;
  rarely: Rarely;
};

export type LoggedIn = { session: string; client: string; expiresAt: Date };

const whyNot = ({ checks, matches }: Examination): string => {
  const own = checks.find(({ isMet }) => !isMet);
  if (own) return `${own.claim}: expected ${own.expected}, found ${own.found}`;
  const fitting = matches.filter(({ isMatch }) => isMatch).map(({ client }) => client);
  if (fitting.length > 1) return `it fits two clients: ${fitting.join(', ')}`;
  const missing = (match: (typeof matches)[number]): number => match.checks.filter(({ isMet }) => !isMet).length;
  const [nearest] = matches.toSorted((a, b) => missing(a) - missing(b));
  const failing = nearest?.checks.find(({ isMet }) => !isMet);
  return nearest && failing
    ? `it is not ${nearest.client}: ${failing.claim} expected ${failing.expected}, found ${failing.found}`
    : 'no client has this issuer';
};

const TRIES = 10;
const TRY_MS = 100;

/** An id of a token belongs to the first token that had it. The second one looks whether that was the same one, in any process. */
const isReplay = async (
  { replays }: LoginDeps,
  { id, token, keptMs }: { id: string; token: string; keptMs: number },
): Promise<boolean> => {
  const hex = (text: string): string => Buffer.from(hashOf(text), 'base64url').toString('hex');
  const own = hex(JSON.stringify(['token', id, hashOf(token)]));
  if (await replays.claim(hex(JSON.stringify(['jti', id])), keptMs)) {
    await replays.claim(own, keptMs);
    return false;
  }
  // The first one notes itself right after the id.
  for (let tried = 0; tried < TRIES; tried += 1) {
    if (await replays.isKnown(own)) return false;
    await delay(TRY_MS);
  }
  return true;
};

const refuse = ({ log, rarely }: LoginDeps, why: string): null => {
  rarely(why.split(':')[0] ?? '', (leftOut) => log.warn({ why, leftOut }, 'a token was refused'));
  return null;
};

const msOf = (value: unknown): number => (typeof value === 'number' ? value * 1000 : 0);

export const login = async (deps: LoginDeps, token: string): Promise<LoggedIn | null> => {
  const now = await deps.now();
  const { keys, publicUrl } = deps;
  const examined = await examineToken(token, { policy: deps.policy(), keys, publicUrl, now, isThorough: false });
  const { issuer, client, claims } = examined;
  if (!issuer || !client) return refuse(deps, whyNot(examined));
  const { jti, exp, iat } = claims;
  const isNamed = typeof jti === 'string' && jti !== '';
  const keptMs = Math.max(0, msOf(exp) - now.getTime()) + 2 * LEEWAY_MS;
  if (isNamed && (await isReplay(deps, { id: JSON.stringify([issuer.url, jti]), token, keptMs })))
    return refuse(deps, 'jti: another token had it before');
  const job = jobOf(issuer, claims, isNamed ? jti : hashOf(token));
  const times = { issuedAt: new Date(msOf(iat)), tokenEndsAt: new Date(msOf(exp)) };
  const { session, expiresAt } = deps.sessions.derive({ client, issuer, job, token, ...times });
  return { session, client: client.name, expiresAt };
};

const bindingOf = (client: ClientEntry): string => {
  const { repository, project, pipeline, serviceAccount, environment, refs } = client;
  const named = repository ?? project ?? pipeline;
  const id = named?.id ?? null;
  return [
    named && [named.name, id !== null && named.name !== null ? `(${id})` : id].filter(Boolean).join(' '),
    serviceAccount && `${serviceAccount.namespace}/${serviceAccount.name}`,
    environment && `environment ${environment}`,
    refs && refs.join(', '),
    ...Object.entries(client.claims).map(([claim, value]) => `${claim} ${String(value)}`),
  ]
    .filter(Boolean)
    .join(', ');
};

/** By the policy of now: who is behind an account may have been written since. */
export const clientSessionOf = ({ client, issuer, job }: OpenedSession, policy: Policy): ClientSession => {
  const accounts = Object.hasOwn(policy.accounts, issuer.name) ? policy.accounts[issuer.name] : undefined;
  const person = accounts && Object.hasOwn(accounts, job.actorId) ? accounts[job.actorId] : undefined;
  return {
    client: {
      kind: 'client',
      id: clientIdOf(client.name),
      name: client.name,
      issuer: issuer.name,
      issuerKind: issuer.kind,
      binding: bindingOf(client),
      channel: client.channel,
    },
    job,
    startedBy: [...(person === undefined ? [] : [person]), ...(job.actorEmail === undefined ? [] : [job.actorEmail])],
  };
};
