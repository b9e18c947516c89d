/** The calls of STS that begin sessions and say whose they are. */
import { randomBytes } from 'node:crypto';
import { arnOf, mayDo, type Caller } from './caller.ts';
import type { Call } from './iam.ts';
import { grammarProblem } from './policy.ts';
import { Refusal } from './refusal.ts';
import { ACCOUNT, newId, nowOf, type Role, type Session, type State } from './state.ts';
import { element } from './xml.ts';

const wrong = (message: string): Refusal => new Refusal(400, 'ValidationError', message);

const secondsOf = (params: Call['params'], role: Role, isChained: boolean): number => {
  const seconds = Number(params.get('DurationSeconds') ?? 3_600);
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200)
    throw wrong('Member must have value between 900 and 43200');
  if (seconds > role.maxSeconds)
    throw wrong('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  if (isChained && seconds > 3_600)
    throw wrong('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.');
  return seconds;
};

const policyOf = (params: Call['params']): string | null => {
  const policy = params.get('Policy');
  if (policy === undefined) return null;
  if (policy.length > 2_048) throw wrong('Member must have length less than or equal to 2048');
  const problem = grammarProblem(policy);
  if (problem) throw new Refusal(400, 'MalformedPolicyDocument', problem);
  return policy;
};

export const begin = (
  state: State,
  role: Role,
  of: { name: string; seconds: number; policy: string | null },
): string => {
  if (!/^[\w+=,.@-]{2,64}$/.test(of.name)) throw wrong('Member must satisfy regular expression pattern: [\\w+=,.@-]*');
  const [id, secret, token] = [newId('ASIA'), randomBytes(30).toString('base64'), randomBytes(120).toString('base64')];
  const now = nowOf(state);
  const session: Session = {
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/${of.name}`,
    userId: `${role.id}:${of.name}`,
    role,
    policy: of.policy,
    token,
    issuedAt: now,
    endsAt: now + of.seconds * 1_000,
  };
  state.keys.set(id, { secret, holder: { session } });
  const fields = {
    AccessKeyId: id,
    SecretAccessKey: secret,
    SessionToken: token,
    Expiration: new Date(session.endsAt).toISOString(),
  };
  return (
    element(
      'Credentials',
      Object.entries(fields)
        .map(([key, value]) => element(key, value))
        .join(''),
      false,
    ) +
    element('AssumedRoleUser', element('AssumedRoleId', session.userId) + element('Arn', session.arn), false) +
    element('PackedPolicySize', '6')
  );
};

const ASSUME = ['RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy', 'ExternalId'];

const principalOf = (caller: Caller): string => ('user' in caller ? caller.user.arn : caller.session.role.arn);

const assumeRole = ({ state, caller, params }: Call): string => {
  const unknown = [...params.keys()].find((name) => !ASSUME.includes(name));
  if (unknown) throw wrong(`Unknown parameter ${unknown}`);
  const arn = params.get('RoleArn') ?? '';
  const role = [...state.roles.values()].find((one) => one.arn === arn);
  const isTrusted = role?.trust.includes(`"${principalOf(caller)}"`) ?? false;
  if (!role || !isTrusted || mayDo(state, caller, { action: 'sts:AssumeRole', resource: arn }) !== 'allowed')
    throw new Refusal(
      403,
      'AccessDenied',
      `User: ${arnOf(caller)} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    );
  const seconds = secondsOf(params, role, 'session' in caller);
  return begin(state, role, { name: params.get('RoleSessionName') ?? '', seconds, policy: policyOf(params) });
};

const whoAmI = ({ caller }: Call): string =>
  element('Arn', arnOf(caller)) +
  element('UserId', 'user' in caller ? caller.user.id : caller.session.userId) +
  element('Account', ACCOUNT);

export const STS: Readonly<Record<string, (call: Call) => string>> = {
  AssumeRole: assumeRole,
  GetCallerIdentity: whoAmI,
};

/** The only call without a signature: the token is the proof. */
export const byWebIdentity = (state: State, params: Call['params']): string => {
  const role = state.roles.get(state.tokens.get(params.get('WebIdentityToken') ?? '') ?? '');
  if (!role || role.arn !== params.get('RoleArn'))
    throw new Refusal(400, 'InvalidIdentityToken', 'The ID Token provided is not a valid JWT.');
  return begin(state, role, { name: params.get('RoleSessionName') ?? '', seconds: 3_600, policy: null });
};
