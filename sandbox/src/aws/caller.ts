/** Who calls, and whether they may: by their key, their session, and every policy that is about them. */
import { decideWithin, type Context, type Decision } from './policy.ts';
import { Refusal } from './refusal.ts';
import type { Signed } from './signature.ts';
import { nowOf, settled, type Role, type Session, type State, type User } from './state.ts';

export type Caller = { user: User } | { session: Session };

export const arnOf = (caller: Caller): string => ('user' in caller ? caller.user.arn : caller.session.arn);

/** @throws Refusal where the key is of a session that is over, or comes without its token. */
export const callerOf = (state: State, { id, token }: Signed, expired: string): Caller => {
  const key = state.keys.get(id);
  if (!key) throw new Refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
  const { holder } = key;
  if ('user' in holder) return holder;
  if (token !== holder.session.token)
    throw new Refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
  if (nowOf(state) >= holder.session.endsAt)
    throw new Refusal(403, expired, 'The security token included in the request is expired');
  return holder;
};

export const policiesOf = (role: Role): string[] => [
  role.base,
  ...[...role.inline.keys()].flatMap((name) => settled(role, name) ?? []),
];

const contextOf = (state: State, caller: Caller): Context => ({
  'aws:currenttime': new Date(nowOf(state)).toISOString(),
  'aws:userid': 'user' in caller ? caller.user.id : caller.session.userId,
  ...('session' in caller && { 'aws:tokenissuetime': new Date(caller.session.issuedAt).toISOString() }),
});

export const mayDo = (
  state: State,
  caller: Caller,
  { action, resource }: { action: string; resource: string },
): Decision => {
  const asked = { action, resource, context: contextOf(state, caller) };
  if ('user' in caller) return decideWithin([[caller.user.base]], asked);
  const { role, policy } = caller.session;
  return decideWithin([policiesOf(role), ...(policy === null ? [] : [[policy]])], asked);
};

export const demand = (
  state: State,
  caller: Caller,
  { action, resource, code = 'AccessDenied' }: { action: string; resource: string; code?: string },
): void => {
  const decision = mayDo(state, caller, { action, resource });
  if (decision === 'allowed') return;
  const why = decision === 'explicitDeny' ? 'with an explicit deny' : 'because no policy allows it';
  throw new Refusal(
    code === 'AccessDenied' ? 403 : 400,
    code,
    `User: ${arnOf(caller)} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
};
