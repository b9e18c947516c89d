/** Lists of an API server that are larger than one answer may be, since somebody made it so, and lists that never end. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { openApi, type Api } from '../../../src/providers/kubernetes/api.ts';
import { objectSchema } from '../../../src/providers/kubernetes/objects.ts';
import { failureOf, textWith } from '../connection.ts';

let server: Server;
let api: Api;
afterEach(async () => {
  await api.close();
  server.close();
});

type Page = { items: object[]; continue?: string };
const listing = async (pageOf: (limit: number, from: number) => Page): Promise<void> => {
  server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://h').searchParams;
    const page = pageOf(Number(query.get('limit')), Number(query.get('continue') ?? '0'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items: page.items, metadata: { continue: page.continue ?? '' } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}`);
  api = openApi({ url, ca: null, namespace: 'latchkey', token: () => 'token' });
};
const list = async (): Promise<object[]> =>
  await api.list({ path: '/api/v1/namespaces/a/pods' }, objectSchema, AbortSignal.timeout(60_000));
const pod = (index: number, annotation = '') => ({
  metadata: { name: `pod-${index}`, uid: String(index), resourceVersion: '1', annotations: { annotation } },
});

test('objects that are together too large for one answer are read in smaller pages', async () => {
  const large = 'x'.repeat(400_000);
  const pods = Array.from({ length: 60 }, (_, index) => pod(index, large));
  await listing((limit, from) => {
    const items = pods.slice(from, from + limit);
    return from + limit < pods.length ? { items, continue: String(from + limit) } : { items };
  });
  expect(await list()).toHaveLength(60);
});

test('a list that goes on where it was before is ended', async () => {
  await listing((_limit, from) => ({ items: [pod(from)], continue: String((from + 1) % 3) }));
  expect(await failureOf(list())).toMatchObject({ kind: 'misconfigured', message: textWith('without an end') });
});

test('a list of more than any cluster has is ended', async () => {
  const items = Array.from({ length: 20_000 }, (_, index) => pod(index));
  await listing((_limit, from) => ({ items, continue: String(from + 1) }));
  expect(await failureOf(list())).toMatchObject({ kind: 'misconfigured', message: textWith('without an end') });
});
