/** Another party that answers without an end: the publisher of checkpoints, and whoever else reads an answer, takes in so much and no more. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tokenSource } from '../../src/cli/job/token.ts';
import { examineAddress } from '../../src/compose/doctor/address.ts';
import { createPagerDuty } from '../../src/directory/on-call/pagerduty.ts';
import { createAppClient } from '../../src/github-api/app-client.ts';
import { createLog } from '../../src/lib/log.ts';
import { callBucket } from '../../src/lib/s3.ts';
import { tsaPublisher } from '../../src/publishers/tsa.ts';
import { witnessPublisher } from '../../src/publishers/witness.ts';
import { post as postToSink } from '../../src/sinks/http.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const CHUNK = 'x'.repeat(64 * 1024);

/** @returns where it answers, and how much was taken in. */
const endless = async (): Promise<{ url: string; sent: () => number }> => {
  let sent = 0;
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const write = (): void => {
      if (response.destroyed) return;
      sent += CHUNK.length;
      if (response.write(CHUNK)) setImmediate(write);
      else response.once('drain', write);
    };
    write();
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, sent: () => sent };
};

const LITTLE = 32 * 1024 * 1024;

test('a witness', async () => {
  const { url, sent } = await endless();
  const held = witnessPublisher({ url, key: null, origin: 'log.acme.test' }).held('newest');
  await expect(held).rejects.toThrow('its answer is too long');
  expect(sent()).toBeLessThan(LITTLE);
});

test('a service that says who is on call', async () => {
  const { url, sent } = await endless();
  const pagerDuty = createPagerDuty({ token: 't', apiUrl: url, log: createLog('silent') });
  await expect(pagerDuty.shifts('P1')).rejects.toMatchObject({ code: 'lookup_failed' });
  expect(sent()).toBeLessThan(LITTLE);
});

const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();
const NOTE = 'log.acme.test\n1\nAAAA\n';

test.each<[string, (url: string) => Promise<unknown>, string]>([
  [
    'a time-stamping authority',
    async (url) => tsaPublisher({ url, stamps: async () => [] }).put({ note: NOTE, size: 1 } as never, {} as never),
    'too long',
  ],
  [
    'a sink',
    async (url) =>
      postToSink({ url, headers: {}, body: '{}', what: 'The sink' }).then(({ kind, ...more }) => {
        throw new Error(`${kind} ${JSON.stringify(more)}`);
      }),
    'later .*too long',
  ],
  [
    'a bucket',
    async (url) =>
      callBucket(
        {
          bucket: 'b',
          region: 'r',
          prefix: '',
          endpoint: url,
          keys: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null },
        },
        { method: 'GET', path: '/' },
      ),
    'too long',
  ],
  [
    'GitHub',
    async (url) => createAppClient({ appId: '1', key: PEM, apiUrl: url }).asApp({ method: 'GET', path: '/app' }),
    'too long',
  ],
  [
    'what gives a job its token',
    async (url) => tokenSource({ ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' })('a'),
    'without a token',
  ],
  [
    'what LATCHKEY_PUBLIC_URL leads to',
    async (url) => {
      throw new Error(JSON.stringify(await examineAddress(url, { isHttpMode: true })));
    },
    'too long',
  ],
])('%s', async (_what, call, sentence) => {
  const { url, sent } = await endless();
  await expect(call(url)).rejects.toThrow(new RegExp(sentence, 's'));
  expect(sent()).toBeLessThan(2 * LITTLE);
});

/** An answer that is in memory already. */
const READ_BEFORE = ['slack/connection/token-choice.ts'];

test('no answer is read but to a limit', () => {
  const root = path.resolve('src');
  const reading = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      /\.tsx?$/.test(name) &&
      /(?<!\bz)\.(?:text|json|arrayBuffer|blob|bytes|formData)\(\)|getReader\(\)/.test(
        readFileSync(path.join(root, name), 'utf8'),
      ),
  );
  expect(reading).toEqual(READ_BEFORE);
  const collecting = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      name.endsWith('.ts') &&
      /for await \(const \w+ of [\w.]*body\b/i.test(readFileSync(path.join(root, name), 'utf8')),
  );
  expect(collecting).toEqual(['lib/bounded-text.ts']);
});
