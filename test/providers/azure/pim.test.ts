/** Roles by Privileged Identity Management on a strict stand-in: ends of Azure's own, its first five minutes, and settings that refuse. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startAzure, type Azure } from '../../../sandbox/src/azure/azure.ts';
import { newPim, type Schedule } from '../../../sandbox/src/azure/pim.ts';
import type { Json } from '../../../src/domain/json.ts';
import { azure } from '../../../src/providers/azure/azure.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { shortenWaits } from '../../support/short-waits.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { holdMembership } from '../membership.ts';

shortenWaits(10);

let api: Azure;
let connection: Connection<Json, Json>;

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const SUBSCRIPTION = `/subscriptions/${guid(1)}`;
const PLACE = `${SUBSCRIPTION}/resourceGroups/prod`;
const [READER, ADA, OLGA] = [guid(10), guid(20), guid(21)];
const SCOPE = { scope: PLACE, role: READER };
const ada = (lastsMs = 3_600_000): ProviderContext => contextOf({ identity: { user: 'ada@acme.test' }, lastsMs });
const user = (id: string, name: string) => ({ id, userPrincipalName: `${name}@acme.test`, accountEnabled: true });

const configOf = (): Record<string, Json> => ({
  ...{ mode: 'pim', tenant: guid(2), client_id: guid(3), client_secret: api.state.secret },
  endpoints: { login: api.url, management: api.url, graph: api.url },
});
const schedule = (change: Partial<Schedule> = {}): Schedule => ({
  ...{ id: guid(50), scope: PLACE, principalId: ADA, memberType: 'Direct', assignmentType: 'Assigned' },
  roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
  ...{ createdAt: 0, endsAt: null, ...change },
});
const live = (): Schedule[] => api.state.pim.schedules.filter(({ endsAt }) => endsAt === null || endsAt > Date.now());

beforeAll(async () => {
  api = await startAzure();
  connection = connectTo(azure, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  Object.assign(api.state, {
    ...{ users: [user(ADA, 'ada'), user(OLGA, 'olga')], onRequest: () => null, fresh: new Set() },
    pim: { ...newPim(), shortestMs: 0 },
    roles: new Map([[READER, { actions: ['*/read'], notActions: [] }]]),
    own: {
      actions: [
        ...['Microsoft.Authorization/roleAssignments/*', 'Microsoft.Authorization/*/read'],
        'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
      ],
      notActions: [],
    },
  });
});

holdMembership({
  open: () => connectTo(azure, configOf()),
  scope: SCOPE,
  ada: 'ada@acme.test',
  olga: 'olga@acme.test',
  account: `ada@acme.test (${ADA})`,
  membersIn: () => live().map(({ principalId: id }) => ({ [ADA]: 'ada', [OLGA]: 'olga' })[id] ?? id),
  cuts: { state: () => api.state, grant: 6, end: 5 },
});

test('Azure ends it by itself, at the end of the grant; it moves to a later time and never to an earlier one', async () => {
  expect(connection.guarantee(SCOPE)).toMatchObject({ endsBy: 'both', survives: textWith('first 5 minutes') });
  const first = ada();
  const { handle } = await connection.grant(SCOPE, first);
  expect(live().map(({ endsAt }) => endsAt)).toEqual([first.expiresAt.getTime()]);
  const later = ada(7_200_000);
  await connection.grant(SCOPE, later);
  await connection.extend?.(SCOPE, handle, ada(600_000));
  expect(live().map(({ endsAt }) => endsAt)).toEqual([later.expiresAt.getTime()]);
  const [one] = api.state.pim.schedules;
  if (one) one.endsAt = Date.now() - 1;
  expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
  expect(await failureOf(connection.extend?.(SCOPE, handle, ada()))).toMatchObject({ kind: 'denied' });
});

test('one without an end, or that the person activated by themselves, was there before and stays as it is', async () => {
  for (const change of [{}, { assignmentType: 'Activated', endsAt: Date.now() + 7_200_000 } as const]) {
    const own = schedule(change);
    api.state.pim.schedules = [{ ...own }];
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    await connection.grant(SCOPE, ada());
    expect(api.state.pim.schedules).toEqual([own]);
  }
});

test('what a group or a scope above gives is not taken, and no assignment of their own', async () => {
  const others = [
    schedule({ memberType: 'Group' }),
    schedule({ scope: SUBSCRIPTION, memberType: 'Inherited' }),
    schedule({ scope: `${PLACE}/providers/Microsoft.Web/sites/a` }),
    schedule({ principalId: OLGA }),
  ];
  api.state.pim.schedules = structuredClone(others);
  expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
  await connection.grant(SCOPE, ada());
  expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
  expect(api.state.pim.schedules).toEqual(others);
});

test('its first five minutes are said, and the end is tried again until it is one', async () => {
  expect(await failureOf(connection.grant(SCOPE, ada(299_000)))).toMatchObject({
    kind: 'denied',
    isUntouched: true,
    message: textWith('at least 5 minutes'),
  });
  api.state.pim.shortestMs = 300_000;
  const { handle } = await connection.grant(SCOPE, ada());
  expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({
    kind: 'unavailable',
    message: textWith('first 5 minutes'),
  });
  expect(live()).toHaveLength(1);
  const [one] = api.state.pim.schedules;
  if (one) one.createdAt -= 300_000;
  expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
});

test.each<[string, { make: () => unknown; kind: string; message: string }]>([
  [
    'a role that is shorter than the grant',
    { make: () => (api.state.pim.longestMs = 600_000), kind: 'misconfigured', message: 'longest duration' },
  ],
  [
    'a role that needs a ticket',
    { make: () => (api.state.pim.needsTicket = true), kind: 'misconfigured', message: 'nor a ticket' },
  ],
  ['an account that is new', { make: () => api.state.fresh.add(ADA), kind: 'unavailable', message: 'some minutes' }],
  [
    'a request of somebody else',
    { make: () => (api.state.pim.isPending = true), kind: 'unavailable', message: 'still under way' },
  ],
])('is not given and says why: %s', async (_what, { make, kind, message }) => {
  make();
  const failure = await failureOf(connection.grant(SCOPE, ada()));
  expect(failure).toMatchObject({ kind, message: textWith(message) });
  expect(live()).toEqual([]);
});

test('a look says each right of requests that is missing, and the commands ask for them without a condition', async () => {
  const look = async () => (await connection.preflight?.({ read: SCOPE }, contextOf())) ?? [];
  expect(await look()).toEqual([]);
  api.state.own = {
    actions: ['Microsoft.Authorization/roleAssignments/*', 'Microsoft.Authorization/*/read'],
    notActions: [],
  };
  expect(await look()).toMatchObject([
    { code: 'lacks_rights', message: textWith('roleAssignmentScheduleRequests/write') },
  ]);
  const prepared = await azure.prepare?.(configOf(), { read: SCOPE }, contextOf());
  expect(prepared?.text).toContain('roleAssignmentScheduleRequests/write');
  expect(prepared?.text).not.toContain('--condition');
  expect(prepared?.notes.join(' ')).toContain('no condition limits');
});
