/** The calls of IAM that are about a role's inline policies, and its simulator. */
import { demand, policiesOf, type Caller } from './caller.ts';
import { decideWithin, grammarProblem } from './policy.ts';
import { Refusal } from './refusal.ts';
import { newest, shown, write, type Role, type State } from './state.ts';
import { element, members } from './xml.ts';

const QUOTA = 10_240;
const PAGE = 3;
const NAME = /^[\w+=,.@-]{1,128}$/;

type Params = ReadonlyMap<string, string>;
export type Call = { state: State; caller: Caller; params: Params };

const demandParams = (params: Params, names: readonly string[]): void => {
  const wrong = [...params.keys()].find(
    (name) => !names.some((one) => name === one || name.startsWith(`${one}.member.`)),
  );
  if (wrong) throw new Refusal(400, 'ValidationError', `Unknown parameter ${wrong}`);
};

const noEntity = (message: string): Refusal => new Refusal(404, 'NoSuchEntity', message);

const roleFor = ({ state, caller, params }: Call, action: string, names: readonly string[]): Role => {
  demandParams(params, ['RoleName', ...names]);
  const name = params.get('RoleName') ?? '';
  if (!NAME.test(name)) throw new Refusal(400, 'ValidationError', 'The specified value for roleName is invalid.');
  const role = state.roles.get(name);
  demand(state, caller, { action: `iam:${action}`, resource: role?.arn ?? `arn:aws:iam::111122223333:role/${name}` });
  if (role) return role;
  throw noEntity(`The role with name ${name} cannot be found.`);
};

const policyName = ({ params }: Call): string => {
  const name = params.get('PolicyName') ?? '';
  if (NAME.test(name)) return name;
  throw new Refusal(400, 'ValidationError', 'The specified value for policyName is invalid.');
};

const getRole = (call: Call): string => {
  const { arn, id, name, trust, maxSeconds } = roleFor(call, 'GetRole', []);
  const fields = {
    Path: '/',
    AssumeRolePolicyDocument: encodeURIComponent(trust),
    MaxSessionDuration: String(maxSeconds),
    RoleId: id,
    RoleName: name,
    Arn: arn,
    CreateDate: '2026-01-01T00:00:00Z',
  };
  return element(
    'Role',
    Object.entries(fields)
      .map(([key, value]) => element(key, value))
      .join(''),
    false,
  );
};

const getRolePolicy = (call: Call): string => {
  const role = roleFor(call, 'GetRolePolicy', ['PolicyName']);
  const name = policyName(call);
  const text = shown(call.state, role, name);
  if (text === null) throw noEntity(`The role policy with name ${name} cannot be found.`);
  return (
    element('RoleName', role.name) + element('PolicyName', name) + element('PolicyDocument', encodeURIComponent(text))
  );
};

const sizeOf = (role: Role, besides: string): number =>
  [...role.inline.keys()]
    .filter((name) => name !== besides)
    .reduce((sum, name) => sum + (newest(role, name) ?? '').replaceAll(/\s/g, '').length, 0);

const putRolePolicy = (call: Call): string => {
  const role = roleFor(call, 'PutRolePolicy', ['PolicyName', 'PolicyDocument']);
  const name = policyName(call);
  const text = call.params.get('PolicyDocument') ?? '';
  const problem = grammarProblem(text);
  if (problem) throw new Refusal(400, 'MalformedPolicyDocument', problem);
  if (sizeOf(role, name) + text.replaceAll(/\s/g, '').length > QUOTA)
    throw new Refusal(409, 'LimitExceeded', `Maximum policy size of ${QUOTA} bytes exceeded for role ${role.name}`);
  write(call.state, role, { name, text });
  return '';
};

const deleteRolePolicy = (call: Call): string => {
  const role = roleFor(call, 'DeleteRolePolicy', ['PolicyName']);
  const name = policyName(call);
  if (newest(role, name) === null) throw noEntity(`The role policy with name ${name} cannot be found.`);
  write(call.state, role, { name, text: null });
  return '';
};

const listRolePolicies = (call: Call): string => {
  const role = roleFor(call, 'ListRolePolicies', ['Marker', 'MaxItems']);
  const names = [...role.inline.keys()].filter((name) => newest(role, name) !== null).toSorted();
  const from = Number(Buffer.from(call.params.get('Marker') ?? '', 'base64').toString() || 0);
  const isMore = from + PAGE < names.length;
  return (
    element('PolicyNames', members(names.slice(from, from + PAGE)), false) +
    element('IsTruncated', String(isMore)) +
    (isMore ? element('Marker', Buffer.from(String(from + PAGE)).toString('base64')) : '')
  );
};

const numbered = (params: Params, name: string): string[] =>
  [...params].filter(([key]) => key.startsWith(`${name}.member.`)).map(([, value]) => value);

const policiesOfArn = (state: State, arn: string): string[] => {
  const role = [...state.roles.values()].find((one) => one.arn === arn);
  if (role) return policiesOf(role);
  for (const { holder } of state.keys.values())
    if ('user' in holder && holder.user.arn === arn) return [holder.user.base];
  throw noEntity(`${arn} cannot be found.`);
};

const simulate = (call: Call): string => {
  const { state, caller, params } = call;
  demandParams(params, [
    'PolicySourceArn',
    'ActionNames',
    'ResourceArns',
    'PermissionsBoundaryPolicyInputList',
    'MaxItems',
  ]);
  const source = params.get('PolicySourceArn') ?? '';
  demand(state, caller, { action: 'iam:SimulatePrincipalPolicy', resource: source });
  const policies = policiesOfArn(state, source);
  const within = numbered(params, 'PermissionsBoundaryPolicyInputList').map((text) => [text]);
  const results = numbered(params, 'ActionNames').flatMap((action) =>
    numbered(params, 'ResourceArns').map((resource) => {
      const decision = decideWithin([policies, ...within], { action, resource, context: {} });
      return `<member>${element('EvalActionName', action)}${element('EvalResourceName', resource)}${element('EvalDecision', decision)}</member>`;
    }),
  );
  return element('IsTruncated', 'false') + element('EvaluationResults', results.join(''), false);
};

export const IAM: Readonly<Record<string, (call: Call) => string>> = {
  GetRole: getRole,
  GetRolePolicy: getRolePolicy,
  PutRolePolicy: putRolePolicy,
  DeleteRolePolicy: deleteRolePolicy,
  ListRolePolicies: listRolePolicies,
  SimulatePrincipalPolicy: simulate,
};
