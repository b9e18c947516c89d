/**
 * The end of a session is one step. AWS can take no keys back, so what ends it is that its role denies it everything; that stays until the
 * session would be over by itself, and is taken out then.
 */
import type { ProviderContext, RevokeOutcome } from '../provider.ts';
import type { Client } from './client.ts';
import type { SessionHandle, SessionScope } from './config.ts';
import { assertOurs, readMark, writeMark } from './role-policies.ts';

/** Longer than any session, and the console that may be opened with its keys, can last. */
const LONGEST_MS = 24 * 3_600_000;

type Of = { scope: SessionScope; handle: SessionHandle | undefined };
type Ctx = Pick<ProviderContext, 'grantId' | 'expiresAt' | 'signal'>;

/** The handle's role: a policy that was edited since must not end another. */
const roleArnOf = ({ scope, handle }: Of): string => handle?.role_arn ?? scope.role_arn;

/** Where a session was given and what ends it was taken out of the role, nothing says that it is over. */
const mayLive = (handle: SessionHandle | undefined, { expiresAt }: Ctx, now: Date): boolean =>
  handle !== undefined && now.getTime() < expiresAt.getTime() + LONGEST_MS;

export const revoke = async (client: Client, of: Of, ctx: Ctx): Promise<RevokeOutcome> => {
  const at = { client, roleArn: roleArnOf(of), signal: ctx.signal };
  const seen = await readMark(at, ctx.grantId);
  const { mark, now } = seen;
  // What ends a session that was given is put back whatever stands there now.
  if (of.handle === undefined) assertOurs(seen, at, ctx.grantId);
  if (mark === null && !mayLive(of.handle, ctx, now)) return 'already_absent';
  if (mark?.deadline === null && mark.isWhole) return 'already_absent';
  const heldUntil = mark?.heldUntil ?? new Date(now.getTime() + LONGEST_MS);
  await writeMark(at, ctx.grantId, { deadline: null, heldUntil });
  return 'removed';
};

export const check = async (client: Client, of: Of, ctx: Ctx): Promise<'present' | 'absent'> => {
  const { mark, now } = await readMark({ client, roleArn: roleArnOf(of), signal: ctx.signal }, ctx.grantId);
  if (mark === null) return mayLive(of.handle, ctx, now) ? 'present' : 'absent';
  return mark.deadline === null && mark.isWhole ? 'absent' : 'present';
};
