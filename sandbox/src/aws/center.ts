/** IAM Identity Center: assignments that are made and taken away some time after they were requested. */
import { randomUUID } from 'node:crypto';
import { demand, type Caller } from './caller.ts';
import { Refusal } from './refusal.ts';
import {
  change,
  entryOf,
  INSTANCE,
  isSame,
  STORE,
  type Assignment,
  type Center,
  type Entry,
  type Operation,
  type PermissionSet,
} from './center-state.ts';
import type { State } from './state.ts';

const PAGE = 2;

type Body = Record<string, unknown>;
export type JsonCall = { state: State; caller: Caller; body: Body };

const invalid = (message: string): Refusal => new Refusal(400, 'ValidationException', message);
const notFound = (what: string): Refusal => new Refusal(400, 'ResourceNotFoundException', `${what} not found`);

const SHAPES: Readonly<Record<string, RegExp>> = {
  InstanceArn: /^arn:aws:sso:::instance\/(sso)?ins-[a-zA-Z0-9-.]{16}$/,
  PermissionSetArn: /^arn:aws:sso:::permissionSet\/(sso)?ins-[a-zA-Z0-9-.]{16}\/ps-[a-zA-Z0-9-./]{16}$/,
  TargetId: /^\d{12}$/,
  AccountId: /^\d{12}$/,
  TargetType: /^AWS_ACCOUNT$/,
  PrincipalType: /^(USER|GROUP)$/,
  PrincipalId: /^([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$/,
  AccountAssignmentCreationRequestId: /^[0-9a-f-]{36}$/,
  AccountAssignmentDeletionRequestId: /^[0-9a-f-]{36}$/,
  IdentityStoreId: /^d-[0-9a-f]{10}$/,
  UserId: /^([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$/,
};
const FREE = ['MaxResults', 'NextToken', 'Filter', 'AlternateIdentifier'];

const demandShape = (body: Body, needed: readonly string[]): void => {
  for (const name of needed) if (!(name in body)) throw invalid(`Value null at '${name}' failed to satisfy constraint`);
  for (const [name, value] of Object.entries(body)) {
    if (FREE.includes(name)) continue;
    if (!needed.includes(name) || !SHAPES[name]?.test(String(value)))
      throw invalid(`Value at '${name}' failed to satisfy constraint`);
  }
};

const page = (items: readonly object[], body: Body): { some: readonly object[]; NextToken?: string } => {
  const token = body['NextToken'];
  const from = typeof token === 'string' ? Number(Buffer.from(token, 'base64').toString()) : 0;
  const next = from + PAGE;
  const NextToken = Buffer.from(String(next)).toString('base64');
  return { some: items.slice(from, next), ...(next < items.length && { NextToken }) };
};

const settle = (center: Center): void => {
  for (const operation of center.operations) {
    if (operation.status !== 'IN_PROGRESS' || operation.doneAt > Date.now()) continue;
    const isThere = entryOf(center, operation)?.isThere ?? false;
    if (operation.kind === 'Deletion' && !isThere) operation.reason = 'ResourceNotFoundException: no such assignment';
    operation.status = operation.reason === null ? 'SUCCEEDED' : 'FAILED';
    if (operation.status === 'SUCCEEDED') {
      const { set, account, type, principal } = operation;
      change(center, { set, account, type, principal }, operation.kind === 'Creation');
    }
  }
};

const statusBody = ({ id, status, reason, set, account, principal }: Operation): Body => ({
  RequestId: id,
  Status: status,
  ...(reason !== null && status === 'FAILED' && { FailureReason: reason }),
  PermissionSetArn: set,
  TargetId: account,
  TargetType: 'AWS_ACCOUNT',
  PrincipalId: principal,
  PrincipalType: 'USER',
  CreatedDate: Date.now() / 1_000,
});

const mayTouch = ({ state, caller }: JsonCall, action: string, resources: readonly string[]): void => {
  for (const resource of resources)
    demand(state, caller, { action: `sso:${action}`, resource, code: 'AccessDeniedException' });
};

const demandInstance = ({ body }: JsonCall): void => {
  if (body['InstanceArn'] !== INSTANCE) throw notFound('Instance');
};

const CHANGE = ['InstanceArn', 'PermissionSetArn', 'TargetId', 'TargetType', 'PrincipalType', 'PrincipalId'];

const changed = (call: JsonCall, kind: Operation['kind']): Body => {
  const { state, body } = call;
  const { center } = state;
  demandShape(body, CHANGE);
  const [set, account, principal] = [body['PermissionSetArn'], body['TargetId'], body['PrincipalId']].map(String) as [
    string,
    string,
    string,
  ];
  const action = kind === 'Creation' ? 'CreateAccountAssignment' : 'DeleteAccountAssignment';
  mayTouch(call, action, [INSTANCE, set, `arn:aws:sso:::account/${account}`]);
  demandInstance(call);
  if (!center.sets.has(set) || !center.accounts.has(account)) throw notFound('PermissionSet or account');
  const of: Assignment = { set, account, type: 'USER', principal };
  if (kind === 'Creation' && !center.users.some(({ UserId }) => UserId === principal)) throw notFound('USER');
  if (kind === 'Deletion' && !(entryOf(center, of)?.isThere ?? false)) throw notFound('Assignment');
  const running = center.operations.filter(({ status }) => status === 'IN_PROGRESS');
  if (running.some((one) => isSame(one, of)))
    throw new Refusal(400, 'ConflictException', 'A previous write is under way');
  if (running.length >= center.outstandingMax)
    throw new Refusal(400, 'ThrottlingException', 'There are too many requests processing. Please try again later.');
  const reason = center.failure;
  center.failure = null;
  const doneAt = Date.now() + center.workMs;
  const operation: Operation = { ...of, id: randomUUID(), kind, status: 'IN_PROGRESS', doneAt, reason };
  center.operations.push(operation);
  return { [`AccountAssignment${kind}Status`]: statusBody(operation) };
};

const described = (call: JsonCall, kind: Operation['kind']): Body => {
  const name = `AccountAssignment${kind}RequestId`;
  demandShape(call.body, ['InstanceArn', name]);
  mayTouch(call, `DescribeAccountAssignment${kind}Status`, [INSTANCE]);
  const found = call.state.center.operations.find(({ id, kind: is }) => id === call.body[name] && is === kind);
  if (!found) throw notFound('Request');
  return { [`AccountAssignment${kind}Status`]: statusBody(found) };
};

const underWay = (call: JsonCall, kind: Operation['kind']): Body => {
  demandShape(call.body, ['InstanceArn']);
  mayTouch(call, `ListAccountAssignment${kind}Status`, [INSTANCE]);
  const wanted = (call.body['Filter'] as { Status?: string } | undefined)?.Status;
  const found = call.state.center.operations
    .filter(({ kind: is, status }) => is === kind && (wanted === undefined || status === wanted))
    .map(({ id, status }) => ({ RequestId: id, Status: status }));
  const { some, ...rest } = page(found, call.body);
  return { [`AccountAssignments${kind}Status`]: some, ...rest };
};

/** While a change is on its way to every copy, every second reader sees what was before. */
const isShown = ({ center, lagMs }: State, { isThere, changedAt }: Entry): boolean =>
  changedAt + lagMs > Date.now() && center.reads % 2 === 1 ? !isThere : isThere;

const listed = (call: JsonCall): Body => {
  const { state, body } = call;
  demandShape(body, ['InstanceArn', 'AccountId', 'PermissionSetArn']);
  const [set, account] = [String(body['PermissionSetArn']), String(body['AccountId'])];
  mayTouch(call, 'ListAccountAssignments', [INSTANCE, set, `arn:aws:sso:::account/${account}`]);
  demandInstance(call);
  if (!state.center.sets.has(set) || !state.center.accounts.has(account)) throw notFound('PermissionSet or account');
  if (body['NextToken'] === undefined) state.center.reads += 1;
  const found = state.center.entries
    .filter((entry) => entry.set === set && entry.account === account && isShown(state, entry))
    .map(({ type, principal }) => ({
      AccountId: account,
      PermissionSetArn: set,
      PrincipalType: type,
      PrincipalId: principal,
    }));
  const { some, ...rest } = page(found, body);
  return { AccountAssignments: some, ...rest };
};

const setOf = (call: JsonCall, action: string): PermissionSet => {
  demandShape(call.body, ['InstanceArn', 'PermissionSetArn']);
  const arn = String(call.body['PermissionSetArn']);
  mayTouch(call, action, [INSTANCE, arn]);
  demandInstance(call);
  const found = call.state.center.sets.get(arn);
  if (!found) throw notFound('PermissionSet');
  return found;
};

const describeSet = (call: JsonCall): Body => {
  const { Name, SessionDuration } = setOf(call, 'DescribePermissionSet');
  return { PermissionSet: { Name, SessionDuration, PermissionSetArn: call.body['PermissionSetArn'] } };
};

const managedOf = (call: JsonCall): Body => {
  const { managed } = setOf(call, 'ListManagedPoliciesInPermissionSet');
  const { some, ...rest } = page(
    managed.map((Name) => ({ Name, Arn: `arn:aws:iam::aws:policy/${Name}` })),
    call.body,
  );
  return { AttachedManagedPolicies: some, ...rest };
};

const instance = (call: JsonCall): Body => {
  demandShape(call.body, ['InstanceArn']);
  mayTouch(call, 'DescribeInstance', [INSTANCE]);
  demandInstance(call);
  return { InstanceArn: INSTANCE, IdentityStoreId: STORE, OwnerAccountId: '111122223333', Status: 'ACTIVE' };
};

type Calls = Readonly<Record<string, (call: JsonCall) => Body>>;

const settledFirst = (calls: Calls): Calls =>
  Object.fromEntries(
    Object.entries(calls).map(([name, work]) => [
      name,
      (call: JsonCall): Body => {
        settle(call.state.center);
        return work(call);
      },
    ]),
  );

export const SSO: Calls = settledFirst({
  CreateAccountAssignment: (call) => changed(call, 'Creation'),
  DeleteAccountAssignment: (call) => changed(call, 'Deletion'),
  DescribeAccountAssignmentCreationStatus: (call) => described(call, 'Creation'),
  DescribeAccountAssignmentDeletionStatus: (call) => described(call, 'Deletion'),
  ListAccountAssignmentCreationStatus: (call) => underWay(call, 'Creation'),
  ListAccountAssignmentDeletionStatus: (call) => underWay(call, 'Deletion'),
  ListAccountAssignments: listed,
  DescribePermissionSet: describeSet,
  ListManagedPoliciesInPermissionSet: managedOf,
  GetInlinePolicyForPermissionSet: (call) => ({ InlinePolicy: setOf(call, 'GetInlinePolicyForPermissionSet').inline }),
  DescribeInstance: instance,
});
