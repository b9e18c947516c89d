import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQ+3kAQe5YxTv0sVrbTOX1Zyk6CL9QnVLhjeSAgWb0E';
const OTHER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const set = (text: string) => rig.useCases.setPublicKey({ userId: 'U0ADA', text });

test('a key is kept without its comment, replaced by the next, and each is recorded by its fingerprint', async () => {
  expect(await rig.useCases.showPublicKey({ userId: 'U0ADA' })).toBeNull();
  const { fingerprint } = await set(`  ${KEY} ada@laptop\n`);
  expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  expect(await rig.useCases.showPublicKey({ userId: 'U0ADA' })).toEqual({ fingerprint });
  const other = await set(OTHER);
  expect(await rig.useCases.showPublicKey({ userId: 'U0ADA' })).toEqual(other);
  expect(await rig.useCases.showPublicKey({ userId: 'U0OLGA' })).toBeNull();
  const { rows } = await rig.pool.query<{ data: string }>(
    `select data from audit_events where type = 'public_key.set' order by id`,
  );
  expect(rows.map(({ data }) => JSON.parse(data) as unknown)).toEqual([{ fingerprint }, other]);
  expect((await rig.pool.query('select line from public_keys')).rows).toEqual([{ line: OTHER }]);
});

test.each([
  ['', 'must begin with its type'],
  ['hello', 'must begin with its type'],
  ['ssh-dss AAAAB3NzaC1kc3M=', 'must begin with its type'],
  [KEY.slice(0, 50), 'cut short'],
  [KEY.replace('AAAAC3', 'AAAAC4'), 'cut short'],
  [`command="sh" ${KEY}`, 'must begin with its type'],
  [`${KEY}\n${OTHER}`, 'one line'],
  ['ssh-ed25519-cert-v01@openssh.com AAAA', 'is a certificate'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl', 'is a private key'],
])('what is no public key is refused with what to do: %j', async (text, problem) => {
  const [failure] = await Promise.allSettled([set(text)]);
  expect(failure).toMatchObject({ reason: { code: 'bad_public_key' } });
  expect(JSON.stringify(failure)).toContain(problem);
});

test.each(['rsa', 'ecdsa', 'ed25519'])('a key as ssh-keygen writes it is taken: %s', async (type) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lk-key-'));
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', `${folder}/key`]);
  const text = readFileSync(`${folder}/key.pub`, 'utf8');
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', `${folder}/key.pub`], { encoding: 'utf8' }).split(
    ' ',
  );
  expect(await set(text)).toEqual({ fingerprint });
});
