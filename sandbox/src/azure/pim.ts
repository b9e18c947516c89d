/**
 * Active assignments of Privileged Identity Management, as learn.microsoft.com/rest/api/authorization describes version 2020-10-01. Each change
 * is a request under a name that was not used before; what is listed are the instances of now.
 */
import { randomUUID } from 'node:crypto';

export type Schedule = {
  id: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  memberType: 'Direct' | 'Group' | 'Inherited';
  assignmentType: 'Assigned' | 'Activated';
  createdAt: number;
  /** Null: it has no end. */
  endsAt: number | null;
};

export type Pim = {
  schedules: Schedule[];
  /** Names of requests that were made. */
  requests: Set<string>;
  /** The settings of every role, for active assignments. */
  longestMs: number;
  needsTicket: boolean;
  /** An assignment is not taken back before. */
  shortestMs: number;
  /** A request of somebody else is under way. */
  isPending: boolean;
};

export const newPim = (): Pim => ({
  ...{ schedules: [], requests: new Set() },
  ...{ longestMs: 8 * 3_600_000, needsTicket: false, shortestMs: 5 * 60_000, isPending: false },
});

export type Answer = { status: number; body: unknown };
type Info = { startDateTime?: string; expiration?: { type?: string; endDateTime?: string | null } };
type Request = {
  requestType?: string;
  principalId?: string;
  roleDefinitionId?: string;
  justification?: string;
  targetRoleAssignmentScheduleId?: string;
  scheduleInfo?: Info;
};

const failed = (status: number, code: string, message = code): Answer => ({
  status,
  body: { error: { code, message } },
});
const ruled = (rule: string): Answer =>
  failed(400, 'RoleAssignmentRequestPolicyValidationFailed', `The following policy rules failed: ["${rule}"]`);
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const isLive = ({ endsAt }: Schedule): boolean => endsAt === null || endsAt > Date.now();

const created = (scope: string, request: Request, status: string): Answer => ({
  status: 201,
  body: { properties: { ...request, scope, status } },
});

/** What breaks a rule of the settings; null where nothing does. */
const brokenRule = (pim: Pim, { justification, scheduleInfo }: Request): Answer | null => {
  const { type, endDateTime } = scheduleInfo?.expiration ?? {};
  if (!justification) return ruled('JustificationRule');
  if (pim.needsTicket) return ruled('TicketingRule');
  const lastsMs = Date.parse(endDateTime ?? '') - Date.now();
  // Its clock and that of the caller are not the same.
  const isLong = lastsMs > pim.longestMs + 60_000;
  return type !== 'AfterDateTime' || !(lastsMs > 0) || isLong ? ruled('ExpirationRule') : null;
};

const assign = (pim: Pim, scope: string, request: Request): Answer => {
  const { principalId = '', roleDefinitionId = '', scheduleInfo } = request;
  const broken = brokenRule(pim, request);
  if (broken) return broken;
  if (liveOf(pim, scope, request)) return failed(400, 'RoleAssignmentExists', 'The Role assignment already exists.');
  pim.schedules.push({
    ...{ id: randomUUID(), scope, roleDefinitionId, principalId, memberType: 'Direct', assignmentType: 'Assigned' },
    createdAt: Date.now(),
    endsAt: Date.parse(scheduleInfo?.expiration?.endDateTime ?? ''),
  });
  return created(scope, request, 'Provisioned');
};

const liveOf = (pim: Pim, scope: string, { principalId = '', roleDefinitionId = '' }: Request): Schedule | undefined =>
  pim.schedules.find(
    (one) =>
      isLive(one) &&
      one.memberType === 'Direct' &&
      isSame(one.scope, scope) &&
      isSame(one.principalId, principalId) &&
      isSame(one.roleDefinitionId, roleDefinitionId),
  );

const changed = (pim: Pim, scope: string, request: Request): Answer => {
  const there = liveOf(pim, scope, request);
  if (!there) return failed(400, 'RoleAssignmentDoesNotExist', 'The Role assignment does not exist.');
  if (request.requestType === 'AdminUpdate') {
    const broken = brokenRule(pim, request);
    if (broken) return broken;
    if (request.targetRoleAssignmentScheduleId !== there.id) return failed(400, 'InvalidRoleAssignmentSchedule');
    there.endsAt = Date.parse(request.scheduleInfo?.expiration?.endDateTime ?? '');
    return created(scope, request, 'Provisioned');
  }
  if (Date.now() - there.createdAt < pim.shortestMs)
    return failed(400, 'ActiveDurationTooShort', 'The active duration is too short. Minimum required is 5 minutes.');
  pim.schedules = pim.schedules.filter((one) => one !== there);
  return created(scope, request, 'Revoked');
};

export const putRequest = (pim: Pim, { scope, name }: { scope: string; name: string }, request: Request): Answer => {
  if (!/^[0-9a-f-]{36}$/.test(name) || pim.requests.has(name)) return failed(400, 'InvalidRequestName');
  pim.requests.add(name);
  if (pim.isPending) return failed(400, 'PendingRoleAssignmentRequest');
  if (request.requestType === 'AdminAssign') return assign(pim, scope, request);
  if (request.requestType === 'AdminRemove' || request.requestType === 'AdminUpdate')
    return changed(pim, scope, request);
  return failed(400, 'InvalidRequestType');
};

/** At, above or below the scope, of this account. */
export const instancesOf = (schedules: readonly Schedule[], scope: string, principal: string): object[] =>
  schedules
    .filter((one) => {
      const [here, there] = [scope.toLowerCase(), one.scope.toLowerCase()];
      const isNear = here === there || here.startsWith(`${there}/`) || there.startsWith(`${here}/`);
      return isLive(one) && isNear && isSame(one.principalId, principal);
    })
    .map(({ id, endsAt, createdAt, scope: at, ...one }) => ({
      id: `${at}/providers/Microsoft.Authorization/RoleAssignmentScheduleInstances/${randomUUID()}`,
      properties: {
        ...one,
        scope: at,
        roleAssignmentScheduleId: `${at}/providers/Microsoft.Authorization/RoleAssignmentSchedules/${id}`,
        startDateTime: new Date(createdAt).toISOString(),
        endDateTime: endsAt === null ? null : new Date(endsAt).toISOString(),
      },
    }));
