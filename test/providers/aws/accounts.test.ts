/** The accounts of an organization as targets, on the stand-in: every page of them, and none that is suspended. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAws, type Aws } from '../../../sandbox/src/aws/aws.ts';
import { INSTANCE, STORE } from '../../../sandbox/src/aws/center-state.ts';
import { addUser } from '../../../sandbox/src/aws/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import { failureOf, textWith } from '../connection.ts';
import { allow } from './target.ts';

let api: Aws;
beforeAll(async () => {
  api = await startAws();
  const account = (n: number, change: object = {}) => ({
    ...{ Id: String(n).padStart(12, '0'), Name: `Shop ${n}`, Email: `shop-${n}@acme.test` },
    ...{ State: 'ACTIVE', Status: 'ACTIVE', parent: n % 2 === 0 ? 'ou-ab12-even5678' : 'ou-ab12-odd56789', ...change },
  });
  api.state.organization = Array.from({ length: 45 }, (_, n) => account(n + 1));
  api.state.organization.push(account(90, { State: 'SUSPENDED' }), account(91, { State: 'PENDING_CLOSURE' }));
});
afterAll(async () => await api.stop());

const { signal } = new AbortController();
const configFor = (actions: string[]): Record<string, Json> => {
  const { id, secret } = addUser(api.state, `latchkey-${actions.length}`, allow(actions));
  const credentials = { access_key_id: id, secret_access_key: secret };
  return { region: 'eu-central-1', mode: 'sts', endpoint: api.url, credentials };
};
const BOTH = ['organizations:ListAccounts', 'organizations:ListAccountsForParent'];
const list = async (config: Json, only: Json = {}) => (await aws.list?.(config, only, { signal })) ?? [];

test('each account that is active is one, on whatever page it stands, in either mode', async () => {
  const config = configFor(BOTH);
  const found = await list(config);
  expect(found).toHaveLength(45);
  expect(found[44]).toEqual({ account: '000000000045', title: 'Shop 45', email: 'shop-45@acme.test' });
  const center = { ...config, mode: 'identity-center', instance_arn: INSTANCE, identity_store_id: STORE };
  expect(await list(center, { parent: 'ou-ab12-even5678' })).toHaveLength(22);
});

test('an older answer has the state under another name', async () => {
  const [first] = api.state.organization;
  const { State, ...older } = first ?? {};
  api.state.organization[0] = { ...older, Status: 'SUSPENDED' } as never;
  expect(await list(configFor(BOTH))).toHaveLength(44);
  api.state.organization[0] = { ...older, State } as never;
});

test('a right that is lacking, and a unit that is not there, are sentences', async () => {
  expect(await failureOf(list(configFor(['organizations:DescribeOrganization'])))).toMatchObject({
    kind: 'denied',
    message: textWith('list the accounts of the organization'),
  });
  expect((await failureOf(list(configFor(BOTH), { parent: 'ou-ab12-none5678' }))).message).toContain(
    'ParentNotFoundException',
  );
  expect(await failureOf(list({ mode: 'sts' }))).toMatchObject({ kind: 'misconfigured' });
});

test.each<Json>([{ parent: 'prod' }, { parent: 'ou-AB12-even5678' }, { tag: 'x' }, 'all'])(
  'what says which in a way that is not understood is a problem: %j',
  (only) => expect(aws.listProblems(only)).toHaveLength(1),
);
