/** Keys of an issuer through rotation, outage and noise. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ISSUER_FAULTS, makeKey, startIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIssuerKeys } from '../../../src/http/auth/issuer-keys.ts';
import { readKeys } from '../../../src/http/auth/read-keys.ts';
import { createLog } from '../../../src/lib/log.ts';
import { github, newKeys, whoIs } from './token-rig.ts';
import type { Rig } from './token-rig.ts';

let issuer: StandInIssuer;
beforeEach(async () => {
  issuer = await startIssuer();
});
afterEach(() => issuer.stop());

/** With a clock of its own, so that no minute has to pass. */
const timed = (): { rig: Rig; pass(ms: number): void } => {
  let nowMs = 1_000;
  const keys = createIssuerKeys({ log: createLog('silent'), now: () => nowMs });
  return { rig: { issuer, keys }, pass: (ms) => void (nowMs += ms) };
};

/** One pair for all, each time under another name: making a pair takes long. */
const foreign = await makeKey();
const strange = (rig: Rig): Promise<string> => github(rig, {}, { key: { ...foreign, kid: crypto.randomUUID() } });

describe('keys of an issuer', () => {
  it('are fetched once for many tokens at once', async () => {
    const { rig } = timed();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => github(rig)));
    const found = await Promise.all(tokens.map((token) => whoIs(rig, token)));
    expect(new Set(found)).toEqual(new Set(['api-deploy']));
    expect(issuer.fetched).toEqual({ discovery: 1, keys: 1 });
  });

  it('that are new are found, and those taken back are let go of', async () => {
    const { rig, pass } = timed();
    const old = await github(rig);
    expect(await whoIs(rig, old)).toBe('api-deploy');
    await issuer.rotate();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    issuer.forgetOld();
    pass(11 * 60_000);
    await whoIs(rig, old);
    await expect.poll(() => whoIs(rig, old), { timeout: 60_000 }).toBe('not kid (header)');
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
  });

  it('are refreshed at most twice a minute, whatever is sent', async () => {
    const { rig, pass } = timed();
    for (let count = 0; count < 10; count += 1) expect(await whoIs(rig, await strange(rig))).toBe('not kid (header)');
    expect(issuer.fetched.keys).toBe(2);
    pass(61_000);
    for (let count = 0; count < 10; count += 1) await whoIs(rig, await strange(rig));
    expect(issuer.fetched.keys).toBe(4);
  });

  it('are refreshed at most twice a minute after failures, too', async () => {
    const { rig, pass } = timed();
    issuer.fail('error');
    for (let count = 0; count < 10; count += 1) expect(await whoIs(rig, await github(rig))).toBe('not kid (header)');
    expect(issuer.fetched.discovery).toBe(2);
    issuer.fail(null);
    pass(61_000);
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
  });

  it('that are known work among garbage', async () => {
    const { rig } = timed();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    const garbage = await Promise.all(Array.from({ length: 30 }, () => strange(rig)));
    const [found] = await Promise.all([
      github(rig).then((token) => whoIs(rig, token)),
      ...garbage.map((one) => whoIs(rig, one)),
    ]);
    expect(found).toBe('api-deploy');
  });

  it('that are new are found although garbage of other repositories was sent all the time', async () => {
    const { rig } = timed();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    const stranger = await makeKey();
    for (let count = 0; count < 20; count += 1)
      await whoIs(rig, await github(rig, { repository_id: '1' }, { key: stranger }));
    await issuer.rotate();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
  });

  it.each(ISSUER_FAULTS.filter((fault) => fault !== 'slow'))(
    'that are known work while the issuer is %s',
    async (fault) => {
      const { rig, pass } = timed();
      expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
      issuer.fail(fault);
      pass(24 * 3_600_000);
      expect(await whoIs(rig, await strange(rig))).toBe('not kid (header)');
      expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
      issuer.fail(null);
      await issuer.rotate();
      pass(61_000);
      expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    },
  );

  it('that are known hold no token up while the issuer does not answer', async () => {
    const { rig, pass } = timed();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    issuer.fail('slow');
    pass(11 * 60_000);
    const begun = performance.now();
    expect(await whoIs(rig, await github(rig))).toBe('api-deploy');
    expect(performance.now() - begun).toBeLessThan(4_000);
  });

  it.each([
    ['down', 'cannot be read'],
    ['error', 'answers with 500'],
    ['html', 'is no JSON'],
    ['empty', 'holds no key set'],
    ['other', 'is of the issuer https://other.acme.test'],
    ['elsewhere', 'which is not https'],
    ['large', 'more than 512 KiB'],
  ] as const)('say why they cannot be read: %s', async (fault, says) => {
    issuer.fail(fault);
    await expect(readKeys({ name: 'ci', kind: 'github', url: issuer.url, keysFile: null })).rejects.toThrow(says);
  });
});

describe('keys in a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('fetch nothing, and are read again when the file changes', async () => {
    const keysFile = path.join(folder, 'jwks.json');
    const put = (): void => writeFileSync(keysFile, JSON.stringify({ keys: [issuer.key().jwk] }));
    put();
    const { rig, pass } = timed();
    const of = { ...rig, keysFile };
    const old = await github(rig);
    expect(await whoIs(of, old)).toBe('api-deploy');
    await issuer.rotate();
    put();
    pass(6_000);
    expect(await whoIs(of, await github(rig))).toBe('api-deploy');
    expect(await whoIs(of, old)).toBe('not kid (header)');
    writeFileSync(keysFile, '{');
    pass(6_000);
    expect(await whoIs(of, await github(rig))).toBe('api-deploy');
    expect(issuer.fetched).toEqual({ discovery: 0, keys: 0 });
  });

  it('that holds symmetric keys alone holds none', async () => {
    const keysFile = path.join(folder, 'jwks.json');
    writeFileSync(keysFile, JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: '1' }] }));
    await expect(readKeys({ name: 'ci', kind: 'oidc', url: issuer.url, keysFile })).rejects.toThrow('holds no key set');
    await expect(readKeys({ name: 'ci', kind: 'oidc', url: issuer.url, keysFile: `${keysFile}x` })).rejects.toThrow(
      'ENOENT',
    );
    expect(await whoIs({ issuer, keys: newKeys(), keysFile }, await github({ issuer, keys: newKeys() }))).toBe(
      'not kid (header)',
    );
  });
});
