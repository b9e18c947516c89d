/** Opens one session: its end is written into the role first, and then it is begun. */
import { credential, shellQuoted } from '../kit/credentials.ts';
import { ProviderError, granteeName, type Granted, type Issued, type ProviderContext } from '../provider.ts';
import type { Client } from './client.ts';
import { isChained, roleOf, type SessionHandle, type SessionScope } from './config.ts';
import { keysIn, type Fetched } from './keys.ts';
import { markName, sessionName } from './marks.ts';
import { assertOurs, readMark, readRole, writeMark, type At } from './role-policies.ts';
import { sessionPolicyText } from './session-policy.ts';

const SECOND_MS = 1_000;
/** AWS begins no shorter session, and none that is longer from another role's session. */
const SHORTEST_S = 900;
const CHAINED_S = 3_600;
const LONGEST_S = 43_200;
const EXTENSION_S = 3_600;
/** A console that is opened with the keys of a session that is not chained may outlive them so long. */
const CONSOLE_MS = 12 * 3_600_000;
/** Between the clock that the length is counted from and the moment that the session begins. */
const MARGIN_MS = 120_000;

type Length = { seconds: number; heldUntil: Date };

const hoursOf = (seconds: number): string => `${Math.round(seconds / 36) / 100} h`;

/**
 * Twice the time, and an hour more at most, so that an extension needs no new keys; the deadline in the role is what ends it. No longer than
 * that: some of it answers until the keys expire, whatever the role denies.
 */
const lengthOf = (client: Client, { expiresAt }: ProviderContext, seen: { longestS: number; now: Date }): Length => {
  const chained = isChained(client.config);
  const longestS = Math.min(LONGEST_S, seen.longestS, chained ? CHAINED_S : LONGEST_S);
  const neededS = Math.ceil((expiresAt.getTime() - seen.now.getTime()) / SECOND_MS);
  if (neededS > longestS) {
    const why =
      chained && seen.longestS > CHAINED_S
        ? 'AWS ends a session that is begun from another role’s session after an hour'
        : 'its MaxSessionDuration in IAM says so';
    throw new ProviderError(
      'denied',
      `A session of this role lasts ${hoursOf(longestS)} at most (${why}), and this access is for ${hoursOf(neededS)}. Set max of the role to that, or request less.`,
      { isUntouched: true },
    );
  }
  const seconds = Math.min(longestS, Math.max(SHORTEST_S, neededS + Math.min(neededS, EXTENSION_S)));
  const lastMs = seconds * SECOND_MS + MARGIN_MS + (chained ? 0 : CONSOLE_MS);
  return { seconds, heldUntil: new Date(seen.now.getTime() + lastMs) };
};

const wasEnded = (at: At): ProviderError =>
  new ProviderError('denied', `This access to ${at.roleArn} was ended, and is not opened again.`);

type Wanted = { scope: SessionScope; ctx: ProviderContext; seconds: number };

const assume = async (at: At, { scope, ctx, seconds }: Wanted): Promise<Fetched> => {
  const params = {
    RoleArn: scope.role_arn,
    RoleSessionName: sessionName(ctx.grantId, granteeName(ctx)),
    DurationSeconds: String(seconds),
    Policy: sessionPolicyText(scope.policy),
  };
  const doing = `begin a session of ${scope.role_arn}; does the role trust Latchkey's identity?`;
  return keysIn((await at.client.query({ service: 'sts', action: 'AssumeRole', params, doing }, at.signal)).text);
};

const issued = (client: Client, scope: SessionScope, { keys }: Fetched): Issued => {
  const { region } = client.config;
  const values = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken ?? '',
    AWS_REGION: region,
  };
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
  return {
    secret: {
      fields: [
        credential('access_key_id', values.AWS_ACCESS_KEY_ID, 'AWS_ACCESS_KEY_ID'),
        credential('secret_access_key', values.AWS_SECRET_ACCESS_KEY, 'AWS_SECRET_ACCESS_KEY'),
        credential('session_token', values.AWS_SESSION_TOKEN, 'AWS_SESSION_TOKEN'),
        credential('region', region, 'AWS_REGION'),
      ],
    },
    instructions: {
      text: `The keys are of a session of the role ${roleOf(scope.role_arn).name} in the account ${roleOf(scope.role_arn).account}. They cannot change identities or enter other roles.`,
      commands: [
        { label: 'Set', command: lines.join('\n') },
        { label: 'Check', command: 'aws sts get-caller-identity' },
      ],
    },
  };
};

export const grant = async (
  client: Client,
  scope: SessionScope,
  ctx: ProviderContext,
): Promise<Granted<SessionHandle>> => {
  const at = { client, roleArn: scope.role_arn, signal: ctx.signal };
  const { seconds, heldUntil } = lengthOf(client, ctx, await readRole(at));
  const found = await readMark(at, ctx.grantId);
  assertOurs(found, at, ctx.grantId);
  const before = found.mark;
  if (before?.deadline === null) throw wasEnded(at);
  const held = before !== null && before.heldUntil > heldUntil ? before.heldUntil : heldUntil;
  await writeMark(at, ctx.grantId, { deadline: ctx.expiresAt, heldUntil: held });
  const session = await assume(at, { scope, ctx, seconds });
  // An end may have come in between: what it closed stays closed, and its keys are shown to no one.
  const { mark: after } = await readMark(at, ctx.grantId);
  if (after === null || after.deadline === null) throw wasEnded(at);
  return { handle: { role_arn: scope.role_arn, name: markName(ctx.grantId) }, ...issued(client, scope, session) };
};

/** The deadline moves within the session's own length, which AWS cannot change. */
export const extend = async (client: Client, scope: SessionScope, ctx: ProviderContext): Promise<void> => {
  const at = { client, roleArn: scope.role_arn, signal: ctx.signal };
  const { mark } = await readMark(at, ctx.grantId);
  if (mark === null) throw new ProviderError('denied', `This access to ${scope.role_arn} is gone.`);
  if (mark.deadline === null) throw wasEnded(at);
  const endsAt = new Date(mark.heldUntil.getTime() - MARGIN_MS - (isChained(client.config) ? 0 : CONSOLE_MS));
  if (ctx.expiresAt > endsAt)
    throw new ProviderError(
      'denied',
      `AWS ends this session at ${endsAt.toISOString()} and cannot make it longer. Give the access back, and request it anew.`,
    );
  await writeMark(at, ctx.grantId, { deadline: ctx.expiresAt, heldUntil: mark.heldUntil });
};
