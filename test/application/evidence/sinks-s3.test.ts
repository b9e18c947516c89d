/** A bucket as a sink: every event once in an object of lines, gathered, and what happens where the bucket refuses or is down. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deliverEvents } from '../../../src/application/evidence/deliver-events.ts';
import type { Sink } from '../../../src/application/evidence/deliver-events.ts';
import { openSink } from '../../../src/compose/open-sink.ts';
import { sendAgain, sinkFacts, sinkStore } from '../../../src/store/audit/sinks.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { startS3 } from '../../support/s3.ts';
import type { S3Server } from '../../support/s3.ts';
import { ORIGIN, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

let rig: EvidenceRig;
let s3: S3Server;
beforeAll(async () => {
  [rig, s3] = await Promise.all([openEvidenceRig(), startS3()]);
});
afterAll(async () => {
  await rig.close();
  await s3.stop();
});
beforeEach(async () => {
  await rig.store.audit.seal(1000);
  s3.versions.clear();
});

const envOf = ({ accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string }) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

let made = 0;
const sinkOf = (env: Record<string, string> = envOf(s3.settings.keys), more: Partial<Sink> = {}): Sink => {
  made += 1;
  const { bucket, region, endpoint } = s3.settings;
  const target = { kind: 's3', bucket, region, endpoint, prefix: 'a b/' } as const;
  const sink = openSink({ name: `archive-${made}`, format: 'native', startsAt: 'now', target }, ORIGIN, env);
  return { ...sink, gatherMs: 0, ...more };
};
const serve = (sink: Sink): Promise<void> =>
  deliverEvents({ store: rig.store, sinks: sinkStore(rig.pool, rig.pool), log: rig.deps.log }, [sink]);
const serveNow = async (sink: Sink): Promise<void> => {
  await rig.sql('update audit_sinks set next_at = clock_timestamp() where name = $1', [sink.name]);
  await serve(sink);
};
const write = async (count: number): Promise<void> => {
  await rig.append(...Array.from({ length: count }, (_, n) => ({ data: { n } })));
  await rig.store.audit.seal(1000);
};
const last = async (): Promise<number> => (await verifyAudit(rig.pool)).head.seq;
const factsOf = async (sink: Sink) => (await sinkFacts(rig.pool)).find(({ name }) => name === sink.name);
/** Names end with a part of a hash. */
const HASH = /-[0-9a-f]{16}(?=\.jsonl$)/;
const names = (): string[] => [...s3.versions.keys()].map((key) => key.replace(HASH, ''));
const linesIn = (name: string): { seq: number }[] =>
  ([...s3.versions].find(([key]) => HASH.test(key) && key.replace(HASH, '') === name)?.[1].at(-1)?.body ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { seq: number });
const nameOf = (first: number, to: number): string =>
  `a b/events/${[first, to].map((seq) => String(seq).padStart(15, '0')).join('-')}.jsonl`;

describe('a bucket', () => {
  test('gets the events as lines, named by their numbers, and again where it is asked for', async () => {
    const sink = sinkOf();
    await serve(sink);
    await write(3);
    await serve(sink);
    const size = await last();
    expect(names()).toEqual([nameOf(size - 2, size)]);
    expect(linesIn(nameOf(size - 2, size)).map(({ seq }) => seq)).toEqual([size - 2, size - 1, size]);
    await sendAgain(rig.pool, sink.name, size - 1);
    await serveNow(sink);
    expect(names()).toEqual([nameOf(size - 2, size), nameOf(size - 1, size)]);
    expect(await factsOf(sink)).toMatchObject({ cursor: size, behind: 0, error: null });
  });

  test('that two logs share, or one that was restored, loses none of their events', async () => {
    await write(1);
    const [found] = await sinkStore(rig.pool, rig.pool).eventsAfter((await last()) - 1, 1);
    const events = found ? [found.event, found.event, { ...found.event, hash: 'f'.repeat(64) }] : [];
    for (const event of events) await sinkOf().send([event]);
    expect(events.map(({ seq }) => seq)).toEqual([await last(), await last(), await last()]);
    expect(s3.versions.size).toBe(2);
  });

  test('is not written for each event: they are gathered until there are enough, or the first is a minute old', async () => {
    const usual = openSink(
      {
        name: 'archive',
        format: 'ocsf',
        startsAt: 'now',
        target: { kind: 's3', bucket: 'b', region: 'r', prefix: '', endpoint: null },
      },
      ORIGIN,
      {},
    );
    expect([usual.batch, usual.gatherMs]).toEqual([1_000, 60_000]);
    const sink = sinkOf(undefined, { batch: 3, gatherMs: 3_600_000 });
    await serve(sink);
    await write(2);
    await serve(sink);
    expect(s3.versions.size).toBe(0);
    await write(2);
    await serve(sink);
    const size = await last();
    expect(names()).toEqual([nameOf(size - 3, size - 1)]);
    await serve({ ...sink, gatherMs: 0 });
    expect(names()).toEqual([nameOf(size - 3, size - 1), nameOf(size, size)]);
  });

  test.each([
    ['without keys', {}, 'set AWS_ACCESS_KEY_ID', false],
    ['with wrong keys', envOf({ accessKeyId: 'AKIATEST', secretAccessKey: 'wrong' }), 'SignatureDoesNotMatch', true],
  ])('%s takes nothing, and says why', async (...[, env, why, isPaused]) => {
    const sink = sinkOf(env);
    await serve(sink);
    await write(1);
    await serve(sink);
    const facts = await factsOf(sink);
    expect([s3.versions.size, facts?.isPaused, facts?.error?.includes(why)]).toEqual([0, isPaused, true]);
  });

  test('that is down for a while gets everything later, and nothing is parked', async () => {
    const sink = sinkOf();
    await serve(sink);
    s3.answerAll({ status: 503, body: '<Error><Code>SlowDown</Code></Error>' });
    await write(2);
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({
      isPaused: false,
      parked: [],
      error: expect.stringContaining('SlowDown'),
    });
    s3.answerAll(null);
    await serveNow(sink);
    const size = await last();
    expect(names()).toEqual([nameOf(size - 1, size)]);
  });
});
