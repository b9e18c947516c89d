import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deliverEvents } from '../../../src/application/evidence/deliver-events.ts';
import type { Sink } from '../../../src/application/evidence/deliver-events.ts';
import { openSink } from '../../../src/compose/open-sink.ts';
import type { SinkSettings } from '../../../src/domain/policy/audit-settings.ts';
import { sendAgain, sinkFacts, sinkStore } from '../../../src/store/audit/sinks.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { ORIGIN, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

type Call = { path: string; headers: IncomingHttpHeaders; body: string };
/** `kill`: the connection is cut after the request was read, so that nobody knows whether it was taken. */
type Answer = { status: number; body?: string; headers?: Record<string, string> } | 'kill';

let rig: EvidenceRig;
let url: string;
let calls: Call[] = [];
let answer: (call: Call) => Answer = () => ({ status: 200 });

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const raw = Buffer.concat(parts);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
    const call = { path: request.url ?? '', headers: request.headers, body };
    calls.push(call);
    const given = answer(call);
    if (given === 'kill') return void request.socket.destroy();
    response.writeHead(given.status, given.headers).end(given.body ?? '');
  });
});

beforeAll(async () => {
  rig = await openEvidenceRig();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
/** What the test before wrote. */
beforeEach(async () => void (await rig.store.audit.seal(1000)));
afterEach(() => {
  calls = [];
  answer = () => ({ status: 200 });
});
afterAll(async () => {
  await rig.close();
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
});

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
const env = { SECRET: 's3cret', HOOK: `whsk_${seed}` };

type Json = Exclude<SinkSettings, { format: 'cef' } | { target: { kind: 's3' } }>;
let made = 0;
const sinkOf = (kind: Json['target']['kind'], more: Partial<Omit<Json, 'target'>> = {}): Sink => {
  made += 1;
  const target = {
    kind,
    url,
    secret: kind === 'webhook' ? 'HOOK' : 'SECRET',
    index: kind === 'elastic' ? 'audit' : null,
  };
  return openSink(
    { name: `${kind.replace('_', '-')}-${made}`, format: 'native', startsAt: 'now', target, ...more },
    ORIGIN,
    env,
  );
};

const serve = (sink: Sink): Promise<void> =>
  deliverEvents({ store: rig.store, sinks: sinkStore(rig.pool, rig.pool), log: rig.deps.log }, [sink]);
/** As if the time until the next try had passed. */
const serveNow = async (sink: Sink): Promise<void> => {
  await rig.sql('update audit_sinks set next_at = clock_timestamp() where name = $1', [sink.name]);
  await serve(sink);
};
const write = async (count: number, of: Parameters<EvidenceRig['append']>[0] = {}): Promise<void> => {
  await rig.append(...Array.from({ length: count }, (_, n) => ({ data: { n }, ...of })));
  await rig.store.audit.seal(1000);
};
const factsOf = async (sink: Sink) => (await sinkFacts(rig.pool)).find(({ name }) => name === sink.name);
const seqsIn = (from: readonly Call[]): number[] => from.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
const last = async (): Promise<number> => (await verifyAudit(rig.pool)).head.seq;

describe('a webhook', () => {
  test('is signed by the standard, comes in order, and begins with the next event or with the first', async () => {
    await write(2);
    const [sink, whole] = [sinkOf('webhook'), sinkOf('webhook', { startsAt: 'beginning', format: 'cloudevents' })];
    await serve(sink);
    expect(calls).toEqual([]);
    await write(3);
    await serve(sink);
    const size = await last();
    expect(seqsIn(calls)).toEqual([size - 2, size - 1, size]);
    for (const { headers, body } of calls) {
      const [version, signature = ''] = String(headers['webhook-signature']).split(',');
      const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      expect(version).toBe('v1a');
      expect(
        verify(
          null,
          Buffer.from(text),
          createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
          Buffer.from(signature, 'base64'),
        ),
      ).toBe(true);
      expect(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(60_000);
    }
    calls = [];
    await serve(whole);
    expect(calls).toHaveLength(size);
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
      specversion: '1.0',
      source: `//${ORIGIN}`,
      sequence: '1',
      data: { seq: 1, prevHash: '0'.repeat(64) },
    });
  });

  test('a receiver that is cut off, fails, is slow down and throttles loses nothing, and a double has the same id', async () => {
    const sink = sinkOf('webhook');
    await serve(sink);
    await write(3);
    const answers: Answer[] = [
      { status: 200 },
      'kill',
      { status: 503 },
      { status: 302, headers: { location: url } },
      { status: 429, headers: { 'retry-after': '600' } },
    ];
    answer = () => answers.shift() ?? { status: 200 };
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({
      behind: 2,
      error: expect.stringContaining('cannot be reached'),
      isPaused: false,
    });
    const sent = calls.length;
    await serve(sink);
    expect(calls).toHaveLength(sent);
    for (let turn = 0; turn < 4; turn += 1) await serveNow(sink);
    const size = await last();
    expect([...new Set(seqsIn(calls))]).toEqual([size - 2, size - 1, size]);
    const ids = calls
      .filter(({ body }) => body.includes(`"seq":${size - 1},`))
      .map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([5, 1]);
    expect(await factsOf(sink)).toMatchObject({ behind: 0, error: null });
  });

  test('a receiver that says when is tried then', async () => {
    const sink = sinkOf('webhook');
    await serve(sink);
    await write(1);
    answer = () => ({ status: 429, headers: { 'retry-after': '90' } });
    await serve(sink);
    const [row] = await rig.sql(
      `select extract(epoch from next_at - clock_timestamp())::float8 as wait from audit_sinks where name = $1`,
      [sink.name],
    );
    expect(Number(row?.['wait'])).toBeGreaterThan(60);
    expect(Number(row?.['wait'])).toBeLessThanOrEqual(90);
  });

  test('credentials that are refused pause it, as one event, and it goes on by itself', async () => {
    const sink = sinkOf('webhook');
    await serve(sink);
    await write(1);
    answer = () => ({ status: 401 });
    await serve(sink);
    await serveNow(sink);
    expect(await factsOf(sink)).toMatchObject({ isPaused: true, behind: 1 });
    const said = await rig.sql(`select data from audit_events where type = 'sink.paused' and data like $1`, [
      `%${sink.name}%`,
    ]);
    expect(said).toHaveLength(1);
    answer = () => ({ status: 200 });
    await serveNow(sink);
    expect(await factsOf(sink)).toMatchObject({ isPaused: false, error: null });
  });
});

describe('batches', () => {
  test('an event that is refused is parked alone, as an event, what comes after it goes on, and it can be sent again', async () => {
    const sink = sinkOf('splunk_hec', { format: 'ecs' });
    await serve(sink);
    await write(3);
    await write(1, { type: 'policy.loaded', data: { poison: true } });
    await write(3);
    const size = await last();
    answer = ({ body }) => ({ status: body.includes('poison') ? 400 : 200 });
    await serve(sink);
    const facts = await factsOf(sink);
    expect(facts).toMatchObject({
      cursor: size,
      parked: [{ from: size - 3, to: size - 3, why: expect.stringContaining('status 400') }],
    });
    const taken = calls
      .filter(({ body }) => !body.includes('poison'))
      .flatMap(({ body }) =>
        body
          .split('\n')
          .map((line) => (JSON.parse(line) as { event: { event: { sequence: number } } }).event.event.sequence),
      );
    expect(taken).toEqual([size - 6, size - 5, size - 4, size - 2, size - 1, size]);
    expect(calls[0]).toMatchObject({ path: '/services/collector/event', headers: { authorization: 'Splunk s3cret' } });
    await rig.store.audit.seal(1000);
    expect(
      (await rig.sql(`select 1 from audit_events where type = 'sink.parked' and data like $1`, [`%${sink.name}%`]))
        .length,
    ).toBe(1);
    answer = () => ({ status: 200 });
    calls = [];
    expect(await sendAgain(rig.pool, sink.name, size - 3)).toBe(true);
    await serve(sink);
    expect(calls.map(({ body }) => body).join('\n')).toContain('poison');
    expect(await factsOf(sink)).toMatchObject({ parked: [], behind: 0 });
  });

  test('a sink that refuses everything, also that it was parked, comes to an end', async () => {
    const sink = sinkOf('splunk_hec');
    await serve(sink);
    await write(2);
    answer = () => ({ status: 413 });
    for (let turn = 0; turn < 4; turn += 1) {
      await serve(sink);
      await rig.store.audit.seal(1000);
    }
    expect(await factsOf(sink)).toMatchObject({ behind: 0 });
  });

  test('Datadog gets a compressed list, and what is older than it takes is parked as one range', async () => {
    const sink = sinkOf('datadog', { format: 'ocsf' });
    await serve(sink);
    await rig.append({ data: { n: 1 } }, { data: { n: 2 } });
    await rig.tamper(
      `update audit_events set at = at - interval '19 hours' where id in (select event_id from audit_unsealed)`,
    );
    await rig.store.audit.seal(1000);
    const old = await last();
    await write(1, { type: 'grant.active', requestId: 'r1', grantId: 'g1', data: { person: 'T1:UADA' } });
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({ parked: [{ from: old - 1, to: old }] });
    const entries = calls.flatMap(({ body }) => JSON.parse(body) as { audit: Record<string, unknown> }[]);
    expect(calls[0]).toMatchObject({
      path: '/api/v2/logs',
      headers: { 'dd-api-key': 's3cret', 'content-encoding': 'gzip' },
    });
    expect(entries[0]?.audit).toMatchObject({
      ...{ class_uid: 3005, type_uid: 300501, activity_id: 1, category_uid: 3 },
      metadata: { version: '1.8.0', sequence: old + 1 },
      user: { uid: 'T1:UADA' },
      unmapped: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  test('Elasticsearch says 200 and refuses one document: it is parked; one that it has is no failure', async () => {
    const sink = sinkOf('elastic');
    await serve(sink);
    await write(4);
    const size = await last();
    answer = ({ body }) => {
      expect(body).toMatch(/"_id":"[0-9a-f]{64}"/);
      const ids = [...body.matchAll(/"seq":(\d+)/g)].map(([, id]) => Number(id));
      const items = ids.map((id) => ({ create: { status: id === size - 1 ? 400 : id === size ? 409 : 201 } }));
      return { status: 200, body: JSON.stringify({ errors: items.some(({ create }) => create.status > 300), items }) };
    };
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({ parked: [{ from: size - 1, to: size - 1 }] });
    expect(calls[0]).toMatchObject({ path: '/_bulk', headers: { authorization: 'ApiKey s3cret' } });
  });

  test.each([
    ['elastic', ({ body }: Call) => /"_id":"([^"]+)"/.exec(body)?.[1]],
    ['webhook', ({ headers }: Call) => headers['webhook-id']],
  ] as const)('%s takes an event of another log, or of a restored database, for another', async (kind, idOf) => {
    await write(1);
    const [found] = await sinkStore(rig.pool, rig.pool).eventsAfter((await last()) - 1, 1);
    const events = found ? [found.event, found.event, { ...found.event, hash: 'f'.repeat(64) }] : [];
    for (const event of events) await sinkOf(kind).send([event]);
    const [first, again, other] = calls.map(idOf);
    expect(first).toEqual(expect.any(String));
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.each(['<html>Log in</html>', '{}', '{"errors":false,"items":[]}'])(
    'Elasticsearch is not taken at the word of a page that says 200: %s',
    async (body) => {
      const sink = sinkOf('elastic');
      await serve(sink);
      await write(2);
      answer = () => ({ status: 200, body });
      await serve(sink);
      expect(await factsOf(sink)).toMatchObject({
        behind: 2,
        error: expect.stringContaining('did not say what became') as string,
      });
    },
  );

  test('one sink that hangs holds up no other, and two processes send nothing twice', async () => {
    const [bad, good] = [sinkOf('webhook'), sinkOf('splunk_hec')];
    await serve(bad);
    await serve(good);
    await write(3);
    const deps = { store: rig.store, sinks: sinkStore(rig.pool, rig.pool), log: rig.deps.log };
    answer = ({ path }) => (path === '/' ? 'kill' : { status: 200 });
    await Promise.all([deliverEvents(deps, [bad, good]), deliverEvents(deps, [bad, good])]);
    expect(await factsOf(good)).toMatchObject({ behind: 0, error: null });
    expect(await factsOf(bad)).toMatchObject({ behind: 3 });
    const sent = calls
      .filter(({ path }) => path !== '/')
      .flatMap(({ body }) =>
        body.split('\n').map((line) => (JSON.parse(line) as { event: { seq: number } }).event.seq),
      );
    expect(sent.length).toBe(new Set(sent).size);
  });

  test('a secret that is not set is said as a failure', async () => {
    const target = { kind: 'splunk_hec', url, secret: 'NOT_THERE', index: null } as const;
    const sink = openSink({ name: 'no-secret', format: 'native', startsAt: 'beginning', target }, ORIGIN, env);
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({ error: expect.stringContaining('NOT_THERE is not set') });
    expect(calls).toEqual([]);
  });
});
