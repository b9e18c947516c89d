/** Latchkey's own identity in Google Cloud: how it signs in, what it may do there, and what prepares it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AUDIENCE } from '../../../sandbox/src/gcp/tokens.ts';
import type { Json } from '../../../src/domain/json.ts';
import { gcp } from '../../../src/providers/gcp/gcp.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { someJwt } from '../some-jwt.ts';
import {
  ada,
  byOthers,
  endpointsOf,
  keyFileOf,
  of,
  openTarget,
  PROJECT,
  READER,
  reset,
  WRITER,
  type Target,
} from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;

beforeAll(async () => {
  target = await openTarget();
});
beforeEach(() => {
  reset(target);
  // A new one: what roles allow is kept for a minute.
  connection = connectTo(gcp, target.config);
});
afterAll(async () => await target.stop());

const codes = async (scopes: Record<string, Json>): Promise<Record<string, string>> =>
  Object.fromEntries(
    ((await connection.preflight?.(scopes, contextOf())) ?? []).map(({ code, message }) => [code, message]),
  );

describe('Latchkey itself', () => {
  test('lacks nothing and may do no more than it needs, or a look says what', async () => {
    expect(await codes({ read: READER, write: WRITER })).toEqual({});
    const member = `serviceAccount:${target.state.email}`;
    target.state.roles.set('roles/wide', ['storage.objects.get', 'resourcemanager.projects.setIamPolicy']);
    byOthers(target, (list) => [...list, { role: 'roles/wide', members: [member] }]);
    const found = await codes({ read: READER });
    expect(found['more_than_needed']).toContain('storage.objects.get');
    expect(found['may_give_any_role']).toContain('by roles/wide');
    byOthers(target, (list) => list.filter(({ members }) => !members.includes(member)));
    expect((await codes({}))['lacks_rights']).toContain('resourcemanager.projects.setIamPolicy');
  });

  test('is told where its clock differs from Google’s', async () => {
    target.state.clockAheadMs = 40_000;
    expect((await codes({}))['clock_skew']).toContain('synchronise the clock');
    target.state.clockAheadMs = -50_000;
    expect((await codes({}))['clock_skew']).toContain('synchronise the clock');
  });

  test('signs in by federation, and by the machine it runs on, and once for many calls', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-gcp-'));
    const file = path.join(folder, 'token');
    await writeFile(file, `${someJwt('subject-1')}\n`);
    target.state.subjectTokens.add(someJwt('subject-1'));
    const federation = JSON.stringify({
      type: 'external_account',
      audience: AUDIENCE,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${target.url}/token`,
      service_account_impersonation_url: `${target.url}/v1/projects/-/serviceAccounts/${target.state.email}:generateAccessToken`,
      credential_source: { file },
    });
    const ways: Record<string, Json>[] = [{ federation }, { metadata: true }];
    for (const way of ways) {
      const other = connectTo(gcp, { projects: [PROJECT], ...way, endpoints: endpointsOf(target) });
      target.state.log = [];
      await Promise.all([ada(), of('olga@acme.test')].map(async (ctx) => await other.grant(READER, ctx)));
      expect(target.state.log.filter((line) => /token/i.test(line))).toHaveLength('federation' in way ? 2 : 1);
      await other.disconnect();
    }
    await writeFile(file, someJwt('subject-2'));
    const other = connectTo(gcp, { projects: [PROJECT], federation, endpoints: endpointsOf(target) });
    expect(await failureOf(other.check(READER, undefined, ada()))).toMatchObject({
      message: textWith('invalid_grant'),
    });
    await rm(folder, { recursive: true });
    const gone = connectTo(gcp, { projects: [PROJECT], federation, endpoints: endpointsOf(target) });
    expect(await failureOf(gone.check(READER, undefined, ada()))).toMatchObject({
      kind: 'misconfigured',
      message: textWith('ENOENT'),
    });
  });

  test('gets another token where Google took the first back, and says where its key is not accepted', async () => {
    await connection.grant(READER, ada());
    target.state.tokens.clear();
    await connection.grant(READER, ada());
    const key = JSON.stringify({ ...keyFileOf(target), client_email: 'other@acme-prod.iam.gserviceaccount.com' });
    const other = connectTo(gcp, { ...target.config, key });
    expect(await failureOf(other.grant(READER, ada()))).toMatchObject({
      message: textWith('Check the key of the service account'),
    });
  });

  test.each<[string, object]>([
    ['no way to sign in', { key: undefined }],
    ['two ways', { metadata: true }],
    ['a key that is none', { key: '{"type":"service_account"}' }],
    ['a path in place of a key', { key: '/etc/latchkey/key.json' }],
    ['no project', { projects: [] }],
    ['plain http', { endpoints: { iam: 'http://iam.acme.test' } }],
  ])('%s is refused when the policy is loaded', (_name, change) => {
    const config = JSON.parse(JSON.stringify({ ...target.config, ...change })) as Json;
    expect(gcp.configProblems(config).length).toBeGreaterThan(0);
  });

  test('the commands that prepare it make what the look asks for, and hold no secret', async () => {
    const scopes = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`r${n}`, { project: PROJECT, role: `roles/app.r${n}` }]),
    );
    const { text = '' } = (await gcp.prepare?.(target.config, scopes, contextOf())) ?? {};
    expect(text).toContain(
      '--permissions=resourcemanager.projects.getIamPolicy,resourcemanager.projects.setIamPolicy,iam.roles.get',
    );
    const lists = [...text.matchAll(/hasOnly\(\[([^\]]*)\]\)/g)].map(([, names = '']) => names.split(', ').length);
    expect(lists).toEqual([10, 2]);
    expect(text).toContain(`--member='serviceAccount:${target.state.email}'`);
    expect(text).not.toContain('PRIVATE');
    expect((await gcp.prepare?.(null, scopes, contextOf()))?.text).toContain(
      'gcloud iam service-accounts create latchkey',
    );
  });

  test('how to end one by hand names the binding and nothing else', () => {
    const { enforcedBy, statements } =
      connection.manual?.(READER, undefined, { grantId: 'g1', person: { id: '1', name: 'Ada', email: null } }) ?? {};
    expect(enforcedBy).toBe('the condition of the binding');
    expect(statements?.join('\n')).toContain('select(.condition.title == "latchkey g1")');
  });
});
