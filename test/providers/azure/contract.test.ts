/** The promises of memberships on a strict stand-in for Azure: roles at a scope, accounts, rights, old lists and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startAzure, type Azure } from '../../../sandbox/src/azure/azure.ts';
import type { Json } from '../../../src/domain/json.ts';
import { azure } from '../../../src/providers/azure/azure.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';

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

beforeAll(async () => {
  api = await startAzure();
  connection = connectTo(azure, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  const user = (id: string, name: string, accountEnabled = true) => ({
    id,
    userPrincipalName: `${name}@acme.test`,
    accountEnabled,
  });
  const role = (actions: string[], notActions: string[] = []) => ({ actions, notActions });
  Object.assign(api.state, {
    ...{ users: [user(ADA, 'ada'), user(OLGA, 'olga'), user(guid(22), 'eve', false)], assignments: [], past: [] },
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

describe('a role', () => {
  test('is given once however often it is requested, found without a handle, and taken away', async () => {
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({
      account: `ada@acme.test (${ADA})`,
      hadAlready: false,
    });
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
    const { handle } = await connection.grant(SCOPE, ada());
    expect((await connection.grant(SCOPE, ada())).handle).toEqual(handle);
    expect(holders()).toEqual([ADA]);
    expect(await connection.find?.(SCOPE, of(ADA))).toMatchObject({ hadAlready: true });
    expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(holders()).toEqual([]);
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  });

  test('is given to two people side by side, and taken from one of them alone', async () => {
    const [first] = await Promise.all([connection.grant(SCOPE, ada()), connection.grant(SCOPE, of('olga@acme.test'))]);
    expect(new Set(holders())).toEqual(new Set([ADA, OLGA]));
    expect(await connection.revoke(SCOPE, first.handle, ada())).toBe('removed');
    expect(holders()).toEqual([OLGA]);
  });

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

describe('an account', () => {
  test.each(['nobody@acme.test', 'ada', '', '..', 'a?x=1', `${ADA}/manager`])(
    'of the name %j is none',
    async (user) => {
      expect(await failureOf(connection.find?.(SCOPE, of(user)))).toMatchObject({
        kind: 'denied',
        message: textWith('There is no account'),
      });
    },
  );

  test('that is disabled is given nothing, and loses what it has at the end', async () => {
    expect(await failureOf(connection.grant(SCOPE, of('eve@acme.test')))).toMatchObject({
      message: textWith('is disabled'),
    });
    await connection.grant(SCOPE, ada());
    const [first] = api.state.users;
    if (first) first.accountEnabled = false;
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
  });

  test('that Resource Manager does not know yet is tried again, and a subscription that is full is a sentence', async () => {
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
});

test('killed after each single request of a grant or an end, the next end leaves nothing', async () => {
  for (let step = 1; step <= 8; step += 1)
    for (const isEnd of [false, true]) {
      const once = connectTo(azure, configOf(), { timeoutMs: 1_000 });
      if (isEnd) await connection.grant(SCOPE, ada());
      let count = 0;
      api.state.onRequest = () => {
        count += 1;
        if (count < step) return null;
        return count === step ? 'reset after' : 'reset';
      };
      await (isEnd ? once.revoke(SCOPE, undefined, ada()) : once.grant(SCOPE, ada())).catch(() => undefined);
      api.state.onRequest = () => null;
      await connection.revoke(SCOPE, undefined, ada());
      expect(holders()).toEqual([]);
      await once.disconnect();
    }
}, 300_000);

test.each([
  [{ status: 429, retryAfter: '17' }, 'throttled', 'wait 17 s'],
  [{ status: 500 }, 'unavailable', '500'],
  [{ status: 403 }, 'denied', '403'],
  ['reset', 'unavailable', 'cannot be asked'],
] as const)('%j is %s, in a sentence without secrets, and no proof of absence', async (fault, kind, message) => {
  const { handle } = await connection.grant(SCOPE, ada());
  api.state.onRequest = (line) => (line.includes('roleAssignments') ? fault : null);
  for (const work of [() => connection.check(SCOPE, handle, ada()), () => connection.revoke(SCOPE, handle, ada())]) {
    const failure = await failureOf(work());
    expect(failure).toMatchObject({ kind, message: textWith(message) });
    expect(failure.message).not.toContain(api.state.secret);
  }
  expect(holders()).toEqual([ADA]);
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

test('a token that Azure took back is replaced, and a secret that is wrong is said', async () => {
  await connection.find?.(SCOPE, ada());
  api.state.tokens.clear();
  expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
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
