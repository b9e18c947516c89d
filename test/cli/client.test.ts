/** `latchkey client explain` as a process, with the server's environment. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GOOD } from '../config/made.ts';

const BIN = new URL('../../bin/latchkey', import.meta.url).pathname;
const AUDIENCE = 'https://latchkey.acme.test';

let issuer: StandInIssuer;
let folder: string;

beforeAll(async () => {
  issuer = await startIssuer();
  folder = mkdtempSync(path.join(tmpdir(), 'client-'));
  const clients = `issuers: { ci: { kind: github, url: "${issuer.url}" } }
clients:
  deploy: { issuer: ci, repository: { id: "456789", name: acme/api }, environment: production, refs: [refs/heads/main] }
  dev: { issuer: ci, repository: { id: "456789", name: acme/api }, environment: dev }
`;
  writeFileSync(path.join(folder, 'latchkey.yml'), `${GOOD}${clients}`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await issuer.stop();
});

type Said = { code: number; out: string };

const explained = async (token: string, ...more: string[]): Promise<Said> => {
  const file = path.join(folder, 'token');
  writeFileSync(file, `${token}\n`);
  const env = {
    PATH: process.env['PATH'],
    LATCHKEY_POLICY: path.join(folder, 'latchkey.yml'),
    LATCHKEY_PUBLIC_URL: AUDIENCE,
  };
  const args = ['client', 'explain', '--token-file', file, ...more];
  return new Promise((resolve) => {
    execFile(BIN, args, { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr }),
    );
  });
};

it('names the client of a token, and exits with 0', async () => {
  const { code, out } = await explained(await issuer.mint(githubClaims({ aud: AUDIENCE })));
  expect(out).toContain('This token is the client deploy.');
  expect(out).toContain('FAILED  environment: expected "dev", found "production"');
  expect(code).toBe(0);
});

it('says which claim fails, with both values, and exits with 1', async () => {
  const token = await issuer.mint(githubClaims({ aud: AUDIENCE, ref: 'refs/heads/x', exp: 1_000_000_000 }));
  const { code, out } = await explained(token);
  expect(out).toContain('This token is no client');
  expect(out).toContain('FAILED  ref: expected one of refs/heads/main, found "refs/heads/x"');
  expect(out).toContain('FAILED  exp: expected a number, after ');
  expect(out).toContain('found 1000000000 (2001-09-09T01:46:40.000Z)');
  expect(code).toBe(1);
});

it('says the same as JSON', async () => {
  const token = await issuer.mint(githubClaims({ aud: 'other' }));
  const { code, out } = await explained(token, '--json');
  const facts = JSON.parse(out) as { client: null; clients: { client: string; checks: object[] }[] };
  expect(facts.client).toBeNull();
  expect(facts.clients[0]?.checks).toContainEqual({
    claim: 'aud',
    expected: `"${AUDIENCE}" alone`,
    found: '"other"',
    isMet: false,
  });
  expect(code).toBe(1);
});

it('takes what is no token for none', async () => {
  const { code, out } = await explained('banana');
  expect(out).toContain('FAILED  token: expected a JWT');
  expect(code).toBe(1);
});
