/**
 * One assignment: a user, a permission set, an account. AWS makes and takes it away some time after it was requested, so each request is
 * followed to its end. Who comes back after a crash finds the request that is under way by what it is about.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Place } from '../kit/membership.ts';
import { createPatience } from '../kit/patience.ts';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';
import type { CenterConfig, CenterScope } from './config.ts';

const CONFLICT = 'ConflictException';
const NOT_FOUND = 'ResourceNotFoundException';
const PAGES_MAX = 200;
/** The guard gives a call 20 s; what takes longer is looked at again. */
const POLL_MS = 500;
const WITHIN_MS = 13_000;

export type Center = { client: Client; config: CenterConfig };
type Assignment = { set: string; account: string; user: string };
type Kind = 'Creation' | 'Deletion';

/** Neither part has a space in it. */
export const placeFor = ({ permission_set_arn: set, account_id: account }: CenterScope, user: string): Place => ({
  list: `${set} ${account}`,
  member: user,
});

const assignmentOf = ({ list, member }: Place): Assignment => {
  const [set = '', account = ''] = list.split(' ');
  return { set, account, user: member };
};

const statusSchema = z.looseObject({
  Status: z.enum(['IN_PROGRESS', 'FAILED', 'SUCCEEDED']),
  RequestId: z.string(),
  FailureReason: z.string().nullish(),
  TargetId: z.string().nullish(),
  PermissionSetArn: z.string().nullish(),
  PrincipalId: z.string().nullish(),
});
type Status = z.infer<typeof statusSchema>;

const inField = <T>(body: unknown, field: string, schema: z.ZodType<T>): T =>
  schema.parse((body as Record<string, unknown> | null)?.[field]);

type Ask = { action: string; body: Record<string, unknown>; doing: string; allowed?: readonly string[] };

const ask = async ({ client, config }: Center, { body, ...call }: Ask, signal: AbortSignal) =>
  await client.json({ service: 'sso', ...call, body: { InstanceArn: config.instance_arn, ...body } }, signal);

const pageOf = z.looseObject({ NextToken: z.string().nullish() });

/** Every page, to the last; null where what it is about is not there. */
export const pagesOf = async <T>(
  center: Center,
  { field, schema, ...call }: Ask & { field: string; schema: z.ZodType<T> },
  signal: AbortSignal,
): Promise<T[] | null> => {
  const found: T[] = [];
  let from: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const body: Record<string, unknown> = { ...call.body, MaxResults: 100, ...(from !== null && { NextToken: from }) };
    const answer = await ask(center, { ...call, body }, signal);
    if (answer.code !== null) return null;
    found.push(...inField(answer.body, field, z.array(schema)));
    from = pageOf.parse(answer.body).NextToken ?? null;
    if (from === null) return found;
  }
  throw new ProviderError('misconfigured', `AWS could not ${call.doing}: there are too many.`);
};

const assigned = z.looseObject({ PrincipalType: z.string(), PrincipalId: z.string() });

/** By the person's own assignment: what a group gives them is not Latchkey's to take. */
export const isAssigned = async (center: Center, place: Place, signal: AbortSignal): Promise<boolean> => {
  const { set, account, user } = assignmentOf(place);
  const list = {
    action: 'ListAccountAssignments',
    body: { AccountId: account, PermissionSetArn: set },
    doing: `list who has the permission set in the account ${account}`,
    allowed: [NOT_FOUND],
    field: 'AccountAssignments',
    schema: assigned,
  };
  const found = await pagesOf(center, list, signal);
  if (found) return found.some((one) => one.PrincipalType === 'USER' && one.PrincipalId === user);
  await demandSetGone(center, set, signal);
  return false;
};

/** A permission set can only be deleted when nobody has it any more. Anything else that is not found proves no absence. */
const demandSetGone = async (center: Center, set: string, signal: AbortSignal): Promise<void> => {
  await ask(center, { action: 'DescribeInstance', body: {}, doing: 'find the instance of Identity Center' }, signal);
  const call = {
    action: 'DescribePermissionSet',
    body: { PermissionSetArn: set },
    doing: `find the permission set ${set}`,
    allowed: [NOT_FOUND],
  };
  if ((await ask(center, call, signal)).code === null)
    throw new ProviderError(
      'misconfigured',
      'AWS does not know the account of the role. Correct account_id in the scope.',
    );
};

const describe = async (
  center: Center,
  kind: Kind,
  { id, signal }: { id: string; signal: AbortSignal },
): Promise<Status> => {
  const answer = await ask(
    center,
    {
      action: `DescribeAccountAssignment${kind}Status`,
      body: { [`AccountAssignment${kind}RequestId`]: id },
      doing: `say how a request of Latchkey is`,
    },
    signal,
  );
  return inField(answer.body, `AccountAssignment${kind}Status`, statusSchema);
};

/** The list says no more than that there is a request; what it is about says each alone. */
const underWay = async (center: Center, kind: Kind, { place, signal }: { place: Place; signal: AbortSignal }) => {
  const { set, account, user } = assignmentOf(place);
  const list = {
    action: `ListAccountAssignment${kind}Status`,
    body: { Filter: { Status: 'IN_PROGRESS' } },
    doing: 'list the requests that are under way',
    field: `AccountAssignments${kind}Status`,
    schema: z.looseObject({ RequestId: z.string() }),
  };
  for (const { RequestId: id } of (await pagesOf(center, list, signal)) ?? []) {
    const status = await describe(center, kind, { id, signal });
    if (status.PermissionSetArn === set && status.TargetId === account && status.PrincipalId === user) return status;
  }
  return null;
};

const finished = async (center: Center, kind: Kind, { first, signal }: { first: Status; signal: AbortSignal }) => {
  const patience = createPatience(WITHIN_MS);
  for (let status = first; ; status = await describe(center, kind, { id: first.RequestId, signal })) {
    if (status.Status !== 'IN_PROGRESS') return status;
    if (patience.isOver())
      throw new ProviderError('unavailable', 'AWS is still at work on the assignment. Latchkey looks at it again.');
    await delay(POLL_MS, undefined, { signal });
  }
};

/** Null where AWS says that there is nothing of the kind. */
const request = async (
  center: Center,
  kind: Kind,
  { place, signal }: { place: Place; signal: AbortSignal },
): Promise<Status | null> => {
  const { set, account, user } = assignmentOf(place);
  const isMade = kind === 'Creation';
  const answer = await ask(
    center,
    {
      action: `${isMade ? 'Create' : 'Delete'}AccountAssignment`,
      body: {
        PermissionSetArn: set,
        TargetType: 'AWS_ACCOUNT',
        TargetId: account,
        PrincipalType: 'USER',
        PrincipalId: user,
      },
      doing: `${isMade ? 'assign the permission set in' : 'take the permission set away in'} the account ${account}`,
      allowed: isMade ? [CONFLICT] : [CONFLICT, NOT_FOUND],
    },
    signal,
  );
  if (answer.code === NOT_FOUND) return null;
  const status =
    answer.code === null
      ? inField(answer.body, `AccountAssignment${kind}Status`, statusSchema)
      : await underWay(center, kind, { place, signal });
  if (status) return await finished(center, kind, { first: status, signal });
  throw new ProviderError('conflict', `AWS is at work on another change in the account ${account}.`);
};

const reasonOf = ({ FailureReason: reason }: Status): string => (reason ?? 'it gives no reason').slice(0, 300);

export const assign = async (center: Center, place: Place, signal: AbortSignal): Promise<void> => {
  const status = await request(center, 'Creation', { place, signal });
  if (status?.Status === 'FAILED')
    throw new ProviderError('misconfigured', `AWS could not assign the permission set: ${reasonOf(status)}`);
};

/** First what would still make it: that would come after. */
export const unassign = async (center: Center, place: Place, signal: AbortSignal): Promise<void> => {
  const making = await underWay(center, 'Creation', { place, signal });
  if (making) await finished(center, 'Creation', { first: making, signal });
  const status = await request(center, 'Deletion', { place, signal });
  if (status?.Status === 'FAILED' && (await isAssigned(center, place, signal)))
    throw new ProviderError('conflict', `AWS could not take the permission set away: ${reasonOf(status)}`);
};

export { ask as askCenter, inField };
