/** The promises of memberships on a strict stand-in for Azure: roles at a scope, accounts, rights, old lists and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startAzure, type Azure, type Fault } from '../../../sandbox/src/azure/azure.ts';
import type { Json } from '../../../src/domain/json.ts';
import { azure } from '../../../src/providers/azure/azure.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { shortenWaits } from '../../support/short-waits.ts';
import { holdMembership } from '../membership.ts';

shortenWaits(10);

let api: Azure;
let connection: Connection<Json, Json>;

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const SUBSCRIPTION = `/subscriptions/${guid(1)}`;
const PLACE = `${SUBSCRIPTION}/resourceGroups/prod`;
const [READER, WIDE, LEAVING] = [guid(10), guid(11), guid(12)];
const [VAULTS, BLUEPRINTS, ACTIVATION] = [guid(13), guid(14), guid(15)];
const SCOPE = { scope: PLACE, role: READER };
const [ADA, OLGA] = [guid(20), guid(21)];
const of = (user: string): ProviderContext => contextOf({ identity: { user } });
const ada = (): ProviderContext => of('ada@acme.test');

const configOf = (): Record<string, Json> => ({
  tenant: guid(2),
  client_id: guid(3),
  client_secret: api.state.secret,
  endpoints: { login: api.url, management: api.url, graph: api.url },
});
const given = (scope: string, principalId = ADA, role = READER) => ({
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`,
  roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  ...{ scope, principalId },
});
const holders = (): string[] =>
  api.state.assignments
    .filter(({ scope }) => scope.toLowerCase() === PLACE.toLowerCase())
    .map(({ principalId }) => principalId);

const user = (id: string, name: string) => ({ id, userPrincipalName: `${name}@acme.test`, accountEnabled: true });

beforeAll(async () => {
  api = await startAzure();
  connection = connectTo(azure, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  const role = (actions: string[], notActions: string[] = []) => ({ actions, notActions });
  Object.assign(api.state, {
    ...{ users: [user(ADA, 'ada'), user(OLGA, 'olga')], assignments: [], past: [] },
    ...{ staleMs: 0, assignmentsMax: 4_000, fresh: new Set(), onRequest: () => null },
    roles: new Map([
      [READER, role(['*/read'])],
      [WIDE, role(['*'], ['Microsoft.Authorization/roleDefinitions/*'])],
      // As Contributor.
      [
        LEAVING,
        role(
          ['*'],
          [
            ...['Microsoft.Authorization/*/Write', 'Microsoft.Authorization/elevateAccess/Action'],
            'Microsoft.Blueprint/blueprintAssignments/write',
          ],
        ),
      ],
      [VAULTS, role(['Microsoft.KeyVault/*'], [])],
      [BLUEPRINTS, role(['Microsoft.Blueprint/*'], [])],
      [ACTIVATION, role(['Microsoft.Authorization/roleManagementPolicies/*'], [])],
    ]),
    own: { actions: ['Microsoft.Authorization/roleAssignments/*', 'Microsoft.Authorization/*/read'], notActions: [] },
  });
});

const FAULTS: Record<string, Fault> = {
  limit: { status: 429, retryAfter: '17' },
  error: { status: 500 },
  refusal: { status: 403 },
  reset: 'reset',
};

holdMembership({
  open: () => connectTo(azure, configOf()),
  scope: SCOPE,
  ada: 'ada@acme.test',
  olga: 'olga@acme.test',
  account: `ada@acme.test (${ADA})`,
  membersIn: () => holders().map((id) => ({ [ADA]: 'ada', [OLGA]: 'olga' })[id] ?? id),
  swapNames: () => {
    const [first, second] = api.state.users;
    if (first) first.userPrincipalName = 'ada.new@acme.test';
    if (second) second.userPrincipalName = 'ada@acme.test';
  },
  block: (isBlocked) => {
    const [first] = api.state.users;
    if (first) first.accountEnabled = !isBlocked;
  },
  nobody: {
    names: ['nobody@acme.test', 'ada', '', '..', 'a?x=1', `${ADA}/manager`],
    why: 'There is no account',
  },
  faults: {
    set: (fault) => {
      api.state.onRequest = (line) =>
        fault !== null && line.includes('roleAssignments') ? (FAULTS[fault] ?? null) : null;
    },
    kinds: { limit: 'throttled', error: 'unavailable', refusal: 'denied', reset: 'unavailable' },
  },
  tokens: {
    forget: () => {
      api.state.tokens.clear();
      api.state.log = [];
    },
    // One for Resource Manager, and one for Graph.
    asked: () => api.state.log.filter((line) => line.endsWith('/token')).length / 2,
  },
  cuts: { state: () => api.state, grant: 7, end: 6 },
  crowd: {
    size: 200,
    hire: () => {
      const people = Array.from({ length: 200 }, (_, n) => user(guid(1_000 + n), `u${n}`));
      api.state.users = [...api.state.users, ...people];
    },
    nameOf: (n) => `u${n}@acme.test`,
    // Then none for a while, as its limits say.
    limit: { calls: 600, perMs: 300 },
  },
});

test('an object ID is a name, too', async () => {
  expect(await connection.find?.(SCOPE, of(ADA))).toMatchObject({ account: `ada@acme.test (${ADA})` });
});

describe('a role', () => {
  test('at the scope above, of another name or of others is left alone, on whatever page it stands', async () => {
    const others = [
      given(SUBSCRIPTION),
      given(PLACE, ADA, LEAVING),
      given(SUBSCRIPTION, ADA, LEAVING),
      given(PLACE, OLGA),
    ];
    api.state.assignments = [...others];
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
    await connection.grant(SCOPE, ada());
    await connection.revoke(SCOPE, undefined, ada());
    expect(api.state.assignments).toEqual(others);
  });

  test('that others gave under a name of their own is had already, and giving it is no failure', async () => {
    api.state.assignments = [given(PLACE.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'))];
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    api.state.assignments = [given(PLACE)];
    api.state.past = [{ at: performance.now() + 150, assignments: [] }];
    api.state.staleMs = 100;
    await connection.grant(SCOPE, ada());
    expect(holders()).toEqual([ADA]);
  });

  test('is believed to be given or gone only once lists that are old show it', async () => {
    api.state.staleMs = 500;
    const startedAt = performance.now();
    const { handle } = await connection.grant(SCOPE, ada());
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  });

  test('by which a person could keep access is refused, when the policy is loaded or before approval', async () => {
    const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
    expect(azure.scopeProblems({ scope: PLACE, role: owner })).toEqual([
      { path: 'role', message: textWith('is Owner') },
    ]);
    const scope = { scope: PLACE, role: WIDE };
    for (const work of [() => connection.find?.(scope, ada()), () => connection.grant(scope, ada())])
      expect(await failureOf(work())).toMatchObject({
        kind: 'denied',
        isUntouched: true,
        message: textWith('roleAssignments/write'),
      });
    expect(holders()).toEqual([]);
  });

  test.each([
    '/subscriptions/x',
    '/',
    `${PLACE}/../x`,
    `${PLACE}?x=1`,
    '/providers/Microsoft.Management/managementGroups/a',
  ])('at the scope %s is a problem when the policy is loaded', (scope) =>
    expect(azure.scopeProblems({ scope, role: READER }).length).toBeGreaterThan(0),
  );
});

test('that a list does not show yet is taken away all the same', async () => {
  await connection.grant(SCOPE, ada());
  api.state.past = [{ at: performance.now() + 60_000, assignments: [] }];
  api.state.staleMs = 1;
  await connection.revoke(SCOPE, undefined, ada());
  expect(holders()).toEqual([]);
});

test('an account that Resource Manager does not know yet is tried again, and a subscription that is full is a sentence', async () => {
  api.state.fresh.add(ADA);
  expect(await failureOf(connection.grant(SCOPE, ada()))).toMatchObject({
    kind: 'unavailable',
    message: textWith('some minutes'),
  });
  api.state.fresh.clear();
  api.state.assignmentsMax = 0;
  expect(await failureOf(connection.grant(SCOPE, ada()))).toMatchObject({
    kind: 'misconfigured',
    message: textWith('as many role assignments as Azure allows'),
  });
});

test('a look finds nothing to fix, or says each right that is missing or too much, and what may remain', async () => {
  const look = async (scopes: Record<string, Json> = { read: SCOPE }) =>
    (await connection.preflight?.(scopes, contextOf())) ?? [];
  expect(await look()).toEqual([]);
  expect(
    (await look({ leaving: { scope: PLACE, role: LEAVING } })).find(({ code }) => code === 'role_leaves_behind')
      ?.remains?.roles,
  ).toEqual(['leaving']);
  expect((await look({ wide: { scope: PLACE, role: WIDE } })).map(({ code }) => code)).toEqual(['role_keeps_access']);
  api.state.own = { actions: ['*'], notActions: [] };
  expect((await look()).map(({ code }) => code)).toEqual(['more_than_needed']);
  api.state.own = { actions: ['Microsoft.Authorization/*/read'], notActions: [] };
  expect((await look())[0]?.message).toContain('roleAssignments/write');
  expect(await failureOf(connection.grant(SCOPE, ada()))).toMatchObject({
    kind: 'denied',
    message: textWith('AuthorizationFailed'),
  });
});

test('what a role could keep by other ways than assignments is refused or said', async () => {
  const look = async (role: string) =>
    (await connection.preflight?.({ one: { scope: PLACE, role } }, contextOf())) ?? [];
  const [vaults] = await look(VAULTS);
  expect(vaults?.remains?.sentences).toEqual([textWith('Access policies of key vaults')]);
  for (const role of [BLUEPRINTS, ACTIVATION]) {
    expect((await look(role)).map(({ code }) => code)).toEqual(['role_keeps_access']);
    expect(await failureOf(connection.grant({ scope: PLACE, role }, ada()))).toMatchObject({ kind: 'denied' });
  }
});

test('a secret that is wrong is said', async () => {
  const other = connectTo(azure, { ...configOf(), client_secret: 'another-secret' });
  expect(await failureOf(other.find?.(SCOPE, ada()))).toMatchObject({
    kind: 'denied',
    message: textWith('AADSTS7000215'),
  });
  await other.disconnect();
});

test('the commands that prepare it let Latchkey give these roles to people alone, and hold no secret', async () => {
  const { text = '' } =
    (await azure.prepare?.(configOf(), { read: SCOPE, more: { scope: PLACE, role: LEAVING } }, contextOf())) ?? {};
  expect(text).toContain(`GuidEquals {${READER}, ${LEAVING}}`);
  expect(text).toContain("StringEqualsIgnoreCase {'User'}");
  expect(text).not.toContain(api.state.secret);
});
