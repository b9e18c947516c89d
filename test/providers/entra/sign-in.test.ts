/** How Latchkey's app signs in to a tenant of Entra, and which configurations are refused. */
import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEntra, type Entra } from '../../../sandbox/src/entra/entra.ts';
import { newGroup } from '../../../sandbox/src/entra/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { entra } from '../../../src/providers/entra/entra.ts';
import type { ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { someJwt } from '../some-jwt.ts';

let api: Entra;

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const GROUP = idOf(900);
const SCOPE = { group: GROUP };
const ada = (): ProviderContext => contextOf({ identity: { user: 'ada@acme.test' } });

const configOf = (): Record<string, Json> => ({
  tenant: api.state.tenant,
  client_id: api.state.clientId,
  client_secret: api.state.clientSecret,
  login_url: api.url,
  graph_url: api.url,
});

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-entra-'));
const file = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  api = await startEntra();
  api.state.users = [{ id: idOf(1), userPrincipalName: 'ada@acme.test', mail: null, accountEnabled: true }];
  api.state.groups = [newGroup(GROUP, 'Production')];
});
afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

describe('the app signs in', () => {
  const find = async (change: Record<string, Json>): Promise<unknown> => {
    const { client_secret: _secret, ...config } = configOf();
    const other = connectTo(entra, { ...config, ...change });
    try {
      return await other.find?.(SCOPE, ada());
    } finally {
      await other.disconnect();
    }
  };

  test('with a certificate, whose thumbprint it says', async () => {
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=latchkey'];
    execFileSync('openssl', [...args, '-keyout', file('key.pem'), '-out', file('cert.pem')], { stdio: 'pipe' });
    const [certificate, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(file(name), 'utf8'));
    const read = new X509Certificate(certificate ?? '');
    const { publicKey, raw } = read;
    api.state.certificate = { publicKey, thumbprint: createHash('sha256').update(raw).digest('base64url') };
    const config = { certificate: { certificate: certificate ?? '', key: key ?? '' } };
    expect(entra.configProblems({ ...configOf(), client_secret: undefined as never, ...config })).toEqual([]);
    expect(await find(config)).toMatchObject({ hadAlready: false });
    api.state.certificate.thumbprint = 'another';
    expect(await failureOf(find(config))).toMatchObject({ kind: 'denied' });
  });

  test('with a token that the platform renews in a file, and nothing else of that file is sent anywhere', async () => {
    api.state.federatedToken = someJwt('latchkey');
    writeFileSync(file('token'), `${someJwt('latchkey')}\n`);
    expect(await find({ token_file: file('token') })).toMatchObject({ hadAlready: false });
    writeFileSync(file('token'), 'root:x:0:0');
    api.state.calls = [];
    expect(await failureOf(find({ token_file: file('token') }))).toMatchObject({ kind: 'misconfigured' });
    expect((await failureOf(find({ token_file: file('none') }))).message).toContain('ENOENT');
    expect(api.state.calls).toEqual([]);
  });

  test('and a wrong secret, app or tenant is said', async () => {
    const wrong: Record<string, Json>[] = [
      { client_secret: 'x'.repeat(40) },
      { client_secret: api.state.clientSecret, client_id: idOf(7) },
      { client_secret: api.state.clientSecret, tenant: idOf(8) },
    ];
    for (const change of wrong) {
      const failure = await failureOf(find(change));
      expect(failure).toMatchObject({ kind: 'denied' });
      expect(failure.message).toContain('AADSTS');
      expect(failure.message).not.toContain(api.state.clientSecret);
    }
  });
});

test.each<[string, Record<string, Json>]>([
  ['no way to sign in', {}],
  ['two ways to sign in', { client_secret: 'x'.repeat(40), token_file: '/token' }],
  ['plain http', { client_secret: 'x'.repeat(40), graph_url: 'http://graph.acme.test' }],
  ['a path', { client_secret: 'x'.repeat(40), graph_url: 'https://graph.microsoft.com/v1.0' }],
  ['a tenant by name', { client_secret: 'x'.repeat(40), tenant: 'acme.onmicrosoft.com' }],
  ['a certificate that is none', { certificate: { certificate: 'x', key: 'y' } }],
  ['a file that is no whole path', { token_file: 'token' }],
])('%s is refused when the policy is loaded', (_name, change) => {
  expect(entra.configProblems({ tenant: idOf(1), client_id: idOf(2), ...change }).length).toBeGreaterThan(0);
});

test.each(['Production', `${GROUP}/members`, "x' or '1"])('a group %s is no ID', (group) => {
  expect(entra.scopeProblems({ group }).length).toBeGreaterThan(0);
});
