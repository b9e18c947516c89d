/**
 * A role by an active assignment of Privileged Identity Management: it has an end that Azure keeps. Each change is a request of its own.
 * learn.microsoft.com/rest/api/authorization/role-assignment-schedule-requests, version 2020-10-01
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Place, Roster } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import { saidIn, type Client } from './client.ts';
import type { Scope } from './config.ts';
import { allPages, inList, isOfPlace } from './places.ts';

const API = 'api-version=2020-10-01';
/** An assignment lasts as long at least, and is not taken back before. */
const SHORTEST_MS = 5 * 60_000;

const instanceAnswer = z.object({
  properties: z.object({
    scope: z.string(),
    roleDefinitionId: z.string(),
    principalId: z.string(),
    roleAssignmentScheduleId: z.string(),
    memberType: z.string(),
    endDateTime: z.iso.datetime({ offset: true }).nullish(),
  }),
});
type Instance = z.infer<typeof instanceAnswer>['properties'];

/** Assigned or activated, right here and to the person: what comes from a group or from above is not Latchkey's to take. */
const instancesOf = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<Instance[]> => {
  const { scope, role } = inList(list);
  const filter = encodeURIComponent(`principalId eq '${member}'`);
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances?$filter=${filter}&${API}`;
  const all = await allPages(client, { path, doing: `list the active roles of ${member} at ${scope}` }, signal);
  return z
    .array(instanceAnswer)
    .parse(all)
    .map(({ properties }) => properties)
    .filter((one) => one.memberType === 'Direct' && isOfPlace(one, { scope, role, member }));
};

const WHY: Readonly<Record<string, string>> = {
  RoleAssignmentRequestPolicyValidationFailed:
    'the settings of the role in Privileged Identity Management do not let an administrator assign it like this. For active assignments they must allow the longest duration of the role, and require neither multifactor authentication nor a ticket',
  PrincipalNotFound: 'Azure does not know the account yet. A new account needs some minutes',
  PendingRoleAssignmentRequest: 'another request for the same is still under way',
  ActiveDurationTooShort:
    'Privileged Identity Management takes no assignment back in its first 5 minutes. Latchkey tries again',
};
const PASSES = ['PrincipalNotFound', 'PendingRoleAssignmentRequest', 'ActiveDurationTooShort'];

type Wish = { requestType: 'AdminAssign' | 'AdminRemove' | 'AdminUpdate'; more?: Record<string, unknown> };
type Sent = { place: Place; wish: Wish; isDone: readonly string[]; doing: string };

/** `isDone`: codes of what is so already. */
const send = async (client: Client, { place, wish, isDone, doing }: Sent, signal: AbortSignal): Promise<void> => {
  const { scope, role } = inList(place.list);
  const [, , subscription = ''] = scope.split('/');
  const properties = {
    requestType: wish.requestType,
    principalId: place.member,
    roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    justification: 'Temporary access, by Latchkey.',
    ...wish.more,
  };
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/${randomUUID()}?${API}`;
  const call = { method: 'PUT' as const, path, body: { properties } };
  const answer = await client.manage({ call, doing, statuses: [200, 201, 400, 409] }, signal);
  if (answer.status < 300) return;
  const { code, message } = saidIn(answer);
  if (isDone.includes(code)) return;
  const kind = PASSES.includes(code) ? 'unavailable' : answer.status === 409 ? 'conflict' : 'misconfigured';
  throw new ProviderError(kind, `Azure could not ${doing}: ${WHY[code] ?? `${code}: ${message}`}.`);
};

const until = (at: Date) => ({ expiration: { type: 'AfterDateTime', endDateTime: at.toISOString() } });

const add = async (
  client: Client,
  { place, expiresAt }: { place: Place; expiresAt: Date },
  signal: AbortSignal,
): Promise<void> => {
  if (expiresAt.getTime() - Date.now() < SHORTEST_MS) {
    const sentence = `Privileged Identity Management gives a role for at least 5 minutes, and takes none back before that. Request it for longer.`;
    throw new ProviderError('denied', sentence, { isUntouched: true });
  }
  const scheduleInfo = { startDateTime: new Date().toISOString(), ...until(expiresAt) };
  const { role, scope } = inList(place.list);
  const wish = { requestType: 'AdminAssign', more: { scheduleInfo } } as const;
  const doing = `give the role ${role} at ${scope}`;
  await send(client, { place, wish, isDone: ['RoleAssignmentExists'], doing }, signal);
};

const remove = async (client: Client, place: Place, signal: AbortSignal): Promise<void> => {
  const { role, scope } = inList(place.list);
  const wish = { requestType: 'AdminRemove' } as const;
  const doing = `take the role ${role} at ${scope} away`;
  await send(client, { place, wish, isDone: ['RoleAssignmentDoesNotExist'], doing }, signal);
};

/** Later and never earlier: another grant may have it for longer. One without an end was there before, and stays so. */
const keepUntil = async (
  client: Client,
  { place, expiresAt }: { place: Place; expiresAt: Date },
  signal: AbortSignal,
): Promise<void> => {
  const isEnough = ({ endDateTime: at }: Instance): boolean => !at || Date.parse(at) >= expiresAt.getTime();
  const found = await instancesOf(client, place, signal);
  const [first] = found;
  if (!first) throw new ProviderError('denied', `${place.member} does not have the role any more.`);
  if (found.some(isEnough)) return;
  const more = {
    targetRoleAssignmentScheduleId: first.roleAssignmentScheduleId.split('/').at(-1),
    scheduleInfo: until(expiresAt),
  };
  const wish = { requestType: 'AdminUpdate', more } as const;
  await send(client, { place, wish, isDone: [], doing: 'move the end of the role' }, signal);
  if (!(await instancesOf(client, place, signal)).some(isEnough))
    throw new ProviderError('conflict', 'Azure has another end of the role than the one it was given.');
};

const SURVIVES =
  'In its first 5 minutes Azure does not take the role back. After the end it lets the person in for up to 10 minutes more. Tokens for data, and sessions that are open, go on until they expire, which may be an hour or longer.';

type Ways = Pick<Roster<Scope>, 'stateOf' | 'add' | 'remove' | 'keepUntil' | 'survives'>;

export const openPim = (client: Client): Ways => ({
  stateOf: async (place, signal) => ((await instancesOf(client, place, signal)).length > 0 ? 'in' : 'out'),
  add: async (place, signal, expiresAt) => await add(client, { place, expiresAt }, signal),
  remove: async (place, signal) => await remove(client, place, signal),
  keepUntil: async (place, signal, expiresAt) => await keepUntil(client, { place, expiresAt }, signal),
  survives: () => SURVIVES,
});
