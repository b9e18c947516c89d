/** Another party that answers without an end: the publisher of checkpoints, and whoever else reads an answer, takes in so much and no more. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createPagerDuty } from '../../src/directory/on-call/pagerduty.ts';
import { createLog } from '../../src/lib/log.ts';
import { witnessPublisher } from '../../src/publishers/witness.ts';

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
