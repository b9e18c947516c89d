/** What the look at Redis says: of real servers where they can be made so, and of one that answers with each error where not. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, test, vi } from 'vitest';
import { endProcess, logTail, spawnServer } from '../../sandbox/src/embedded/process.ts';
import { findRedis } from '../../sandbox/src/embedded/redis-program.ts';
import { freePort, isPortOpen } from '../../sandbox/src/embedded/port.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { REDIS_FAULTS, faultSentence } from '../../src/work/redis-faults.ts';
import { createRedisProbe } from '../../src/work/redis-probe.ts';
import { testRedis, testServices } from '../support/services.ts';

vi.setConfig({ testTimeout: 60_000 });

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const said = async (url: string, ca: string | null = null): Promise<string | null> => {
  const probe = createRedisProbe({ url, ca, prefix: 'probe-test' });
  try {
    const { fault } = await probe.look();
    return fault && faultSentence(fault);
  } finally {
    probe.close();
  }
};

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
};

/** Answers every command so, and HELLO too unless told otherwise. */
const answering = (answer: string, hello = answer): Promise<number> =>
  portOf(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const names = chunk
          .toString()
          .split('\r\n')
          .filter((_part, at, all) => /^\*\d+$/.test(all[at - 2] ?? ''));
        for (const name of names) socket.write(/^hello$/i.test(name) ? hello : answer);
      });
    }),
  );

const helloOf = (facts: object): string => {
  const parts = Object.entries(facts).flat().map(String);
  return `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
};

const startReal = async (...args: string[]): Promise<number> => {
  const { runDir, downloadDir } = testServices();
  const program = await findRedis(downloadDir);
  const port = await freePort();
  const dir = mkdtempSync(path.join(runDir, 'redis-'));
  const server = spawnServer({
    command: program.command,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...args],
    env: { ...process.env, ...program.env },
    logFile: path.join(dir, 'log'),
  });
  closers.push(() => endProcess(server.pid, 'SIGKILL'));
  await waitUntil(async () => server.exit() !== undefined || (await isPortOpen(port)), {
    timeoutMs: 60_000,
    what: 'Redis',
  });
  if (server.exit() !== undefined) throw new Error(`Redis did not start: ${logTail(path.join(dir, 'log'))}`);
  return port;
};

test('a Redis that is well has no problem, look after look', async () => {
  const probe = createRedisProbe({ url: testRedis().url, ca: null, prefix: testRedis().prefix });
  for (let times = 0; times < 3; times += 1) expect(await probe.look()).toMatchObject({ fault: null });
  expect((await probe.look()).version).toMatch(/^\d+\./);
  probe.close();
});

test.each([
  ['LOADING Redis is loading the dataset in memory', 'Redis is loading its data'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'has lost its primary'],
  ['MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.', 'cannot save to disk'],
  ['CLUSTERDOWN Hash slot not served', 'Redis is in cluster mode'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'Redis is in cluster mode'],
  ['DENIED Redis is running in protected mode', 'Redis is in protected mode'],
  ['NOAUTH Authentication required.', 'Redis wants a password'],
  ["NOPERM this user has no permissions to run the 'set' command", 'lacks a right (SET); give'],
  ['ERR Error running script (call to f_1): @user_script:4: -READONLY You can not write', 'read-only replica'],
  ['ERR max number of clients reached', 'no connection left'],
  ['SOMETHING new', 'Redis cannot be used (SOMETHING); see its log.'],
])('the answer %s', async (answer, sentence) => {
  expect(await said(`redis://127.0.0.1:${await answering(`-${answer}\r\n`)}`)).toContain(sentence);
});

test.each([
  [{ version: '5.0.14', mode: 'standalone', role: 'master' }, 'Redis 5.0.14 is too old'],
  [{ version: '6.0.9', mode: 'standalone', role: 'master' }, 'Redis 6.0.9 is too old'],
  [{ version: '7.2.0', mode: 'sentinel' }, 'This is a Redis Sentinel'],
  [{ version: '7.2.0', mode: 'standalone', role: 'replica' }, 'read-only replica'],
])('the greeting %o', async (facts, sentence) => {
  const hello = helloOf(facts);
  expect(await said(`redis://127.0.0.1:${await answering('+OK\r\n', hello)}`)).toContain(sentence);
});

test('real: cluster mode, a wrong password, no password, one that is not asked for, a database that is not there', async () => {
  // Its own choice for the bus is the port and 10,000, which may be one of an outgoing connection.
  const cluster = await startReal('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));
  expect(await said(`redis://127.0.0.1:${cluster}`)).toContain('Redis is in cluster mode');
  const open = await startReal();
  expect(await said(`redis://:secret@127.0.0.1:${open}`)).toContain('Redis has no password');
  const { url } = testRedis();
  expect(await said(`${url}/99`)).toBe('Redis has no database with the number in REDIS_URL; correct the number.');
  expect(await said(`${url}/15`)).toBeNull();
  const at = new URL(url);
  expect(await said(`redis://${at.host}`)).toContain('Redis wants a password');
  expect(await said(`redis://:wrong@${at.host}`)).toContain('Redis refuses the user or password');
});

const makeCertificate = (altName: string): { key: string; cert: string } => {
  const dir = mkdtempSync(path.join(testServices().runDir, 'cert-'));
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const out = [
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-subj',
    '/CN=made-up',
    '-addext',
    `subjectAltName=${altName}`,
  ];
  execFileSync('openssl', [...args, ...out], { cwd: dir, stdio: 'pipe' });
  const read = (name: string): string => readFileSync(path.join(dir, name), 'utf8');
  return { key: read('key.pem'), cert: read('cert.pem') };
};

/** TLS before the run's Redis. */
const tlsBefore = (redisPort: number, { key, cert }: { key: string; cert: string }): Promise<number> =>
  portOf(
    createTlsServer({ key, cert }, (socket) => {
      const inner = connect(redisPort, '127.0.0.1');
      for (const one of [socket, inner]) one.on('error', () => undefined);
      socket.pipe(inner).pipe(socket);
      socket.on('close', () => inner.destroy());
    }).on('tlsClientError', () => undefined),
  );

test('TLS: its own CA, another, none, another host, and each of the two ways to mix TLS and none', async () => {
  const { port, password } = new URL(testRedis().url);
  const own = makeCertificate('DNS:localhost');
  const secure = await tlsBefore(Number(port), own);
  const url = `rediss://:${password}@localhost:${secure}`;
  expect(await said(url, own.cert)).toBeNull();
  expect(await said(url)).toContain('of an authority that is not known (DEPTH_ZERO_SELF_SIGNED_CERT)');
  expect(await said(url, makeCertificate('DNS:localhost').cert)).toContain('of an authority that is not known');
  const elsewhere = makeCertificate('DNS:redis.example.com');
  const named = await tlsBefore(Number(port), elsewhere);
  expect(await said(`rediss://:${password}@localhost:${named}`, elsewhere.cert)).toContain('is for another host');
  expect(await said(`redis://:${password}@localhost:${secure}`)).toContain('if it wants TLS, write rediss://');
  expect(await said(`rediss://:${password}@localhost:${port}`)).toContain('Redis does not answer with TLS');
});

test('the documentation shows each fault with its sentence', () => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const rows = Object.values(REDIS_FAULTS).map((known) => `| ${known.seen} | ${known.sentence} |`);
  const part = /## When Redis cannot be used\n[\s\S]*?\n\|---\|---\|\n((?:\|.*\n)+)/
    .exec(text)?.[1]
    ?.trim()
    .split('\n');
  expect(part).toEqual(rows);
});
