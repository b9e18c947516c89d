/**
 * A session is derived from the token that it was given for, by the server's own key, and is stored nowhere: the same token gives the
 * same session, and any process knows it. It says which client and which job it is of, and when it ends.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { ClientEntry } from '../../domain/clients/client.ts';
import type { Issuer } from '../../domain/clients/issuer.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { Policy } from '../../domain/policy/types.ts';

const PREFIX = 'lks1';
const BYTES_MAX = 16 * 1024;
/** A job that runs longer exchanges another token of its own. */
const LIFE_MS = 60 * 60_000;

const text = z.string();
const job: z.ZodType<ClientJob> = z.strictObject({
  key: text,
  repository: text,
  repositoryId: text,
  ref: text,
  environment: text,
  workflow: text,
  event: text,
  run: text,
  attempt: z.number(),
  sha: text,
  actor: text,
  actorId: text,
  actorEmail: text.optional(),
  subject: text,
  runUrl: text.nullable(),
});

/** `token` names the token, `entry` what the policy said of client and issuer: a client that was bound anew gets new sessions. */
const payload = z.strictObject({ client: text, job, expiresAt: z.number(), token: text, entry: text });
type Payload = z.infer<typeof payload>;

export type OpenedSession = { client: ClientEntry; issuer: Issuer; job: ClientJob; expiresAt: Date };

export type Sessions = {
  derive(of: Omit<OpenedSession, 'expiresAt'> & { token: string; issuedAt: Date; tokenEndsAt: Date }): {
    session: string;
    expiresAt: Date;
  };
  /** Null where it is none, has ended, or the policy no longer has its client as it was. */
  open(session: string, of: { policy: Pick<Policy, 'clients' | 'issuers'>; now: Date }): OpenedSession | null;
};

export const hashOf = (value: string): string => createHash('sha256').update(value).digest('base64url');

const entryHash = (client: ClientEntry, issuer: Issuer): string => hashOf(JSON.stringify([client, issuer]));

const macOf = (key: Buffer, body: string): Buffer => createHmac('sha256', key).update(`${PREFIX}.${body}`).digest();

const readPayload = (body: string): Payload | null => {
  try {
    return payload.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

/** `secretKeys`: the first signs, all are known. A key of its own is derived, so that nothing here says anything of them. */
export const createSessions = (secretKeys: readonly Buffer[]): Sessions => {
  const keys = secretKeys.map((key) => createHmac('sha256', key).update('latchkey client session v1').digest());
  const [first] = keys;
  if (!first) throw new Error('a key is needed to derive sessions');
  return {
    derive: ({ client, issuer, job: of, token, issuedAt, tokenEndsAt }) => {
      const expiresAt = new Date(Math.max(issuedAt.getTime() + LIFE_MS, tokenEndsAt.getTime()));
      const made: Payload = {
        client: client.name,
        job: of,
        expiresAt: expiresAt.getTime(),
        token: hashOf(token),
        entry: entryHash(client, issuer),
      };
      const body = Buffer.from(JSON.stringify(made)).toString('base64url');
      return { session: `${PREFIX}.${body}.${macOf(first, body).toString('base64url')}`, expiresAt };
    },
    open: (session, { policy, now }) => {
      const [prefix, body = '', mac = '', ...rest] = session.split('.');
      if (prefix !== PREFIX || rest.length > 0 || session.length > BYTES_MAX) return null;
      const given = Buffer.from(mac, 'base64url');
      const isOurs = keys
        .map((key) => macOf(key, body))
        .some((wanted) => wanted.length === given.length && timingSafeEqual(wanted, given));
      const read = isOurs ? readPayload(body) : null;
      if (!read || now.getTime() >= read.expiresAt) return null;
      const client = Object.hasOwn(policy.clients, read.client) ? policy.clients[read.client] : undefined;
      const issuer = client && Object.hasOwn(policy.issuers, client.issuer) ? policy.issuers[client.issuer] : undefined;
      if (!client || !issuer || entryHash(client, issuer) !== read.entry) return null;
      return { client, issuer, job: read.job, expiresAt: new Date(read.expiresAt) };
    },
  };
};
