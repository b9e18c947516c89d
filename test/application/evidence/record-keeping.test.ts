import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeDays, erasePersonal } from '../../../src/application/evidence/record-keeping.ts';
import type { RecordDeps } from '../../../src/application/evidence/record-keeping.ts';
import { signCheckpoint } from '../../../src/application/evidence/sign-checkpoint.ts';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import { recordKeeping } from '../../../src/store/audit/record-keeping.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { problemOf } from '../../support/evidence-verifier.ts';
import { bundleOf, giveAndRemove, signAgain, textOf, verifyFiles } from './bundle-rig.ts';
import type { Files } from './bundle-rig.ts';
import { openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

const DAY_MS = 86_400_000;
/** As if so much time had passed: all that is there is older than this. */
const ALL_IS_OLD = -2 * DAY_MS;
const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

const depsOf = ({ store, pool }: EvidenceRig): RecordDeps => ({ store, keeping: recordKeeping(pool) });
const kindsIn = async ({ pool }: EvidenceRig) => {
  const { ok, erased, problems } = await verifyAudit(pool);
  return { ok, erased, found: problems.map(({ seq, kind }) => [seq, kind]) };
};

describe('erasure after the retention', () => {
  let rig: EvidenceRig;
  let grant: string;
  let files: Files;
  const personal = () =>
    rig.sql(`select actor || data as text from audit_events where actor || data ~* 'ada|dana|hyperlink|OPS-1'`);

  beforeAll(async () => {
    rig = await openEvidenceRig();
    ({ grant } = await giveAndRemove(rig));
  });
  afterAll(() => rig.close());

  test('nothing is due before its time, and nothing can be erased that no sealed event names', async () => {
    await signCheckpoint(rig.deps);
    expect(await erasePersonal(depsOf(rig), DAY_MS)).toMatchObject({ erased: 0 });
    await rig.sql('select erase_personal(1000)');
    expect(await kindsIn(rig)).toEqual({ ok: true, erased: 0, found: [] });
    const attempts = [
      'delete from audit_personal',
      `update audit_events set actor = '{"kind":"person"}', data = '{}'`,
      `begin; set local latchkey.erasing = 'on'; delete from audit_personal; commit`,
      `begin; set local latchkey.erasing = 'on'; update audit_events set data = '{}'; commit`,
    ];
    for (const attempt of attempts) {
      await expect(rig.sql(attempt)).rejects.toMatchObject({ code: '23001' });
      await rig.sql('rollback').catch(() => undefined);
    }
    expect((await personal()).length).toBeGreaterThan(0);
  });

  test('an erasure that was cut short after its event is finished by the next', async () => {
    const size = (await verifyAudit(rig.pool)).tree.size;
    const data = { throughSeq: size, ground: 'retention' };
    await rig.store.transaction((tx) => tx.audit.append({ ...NOWHERE, type: 'record.erased', data }));
    await rig.sql('select erase_personal(1000)');
    expect((await kindsIn(rig)).erased).toBe(0);
    await rig.store.audit.seal(1000);
    expect((await kindsIn(rig)).erased).toBe(0);
    expect(await erasePersonal(depsOf(rig), DAY_MS)).toEqual({ through: size, erased: size, statements: 0 });
    expect(await kindsIn(rig)).toEqual({ ok: true, erased: size, found: [] });
    expect(await personal()).toEqual([]);
    expect(await erasePersonal(depsOf(rig), DAY_MS)).toMatchObject({ erased: 0 });
  });

  test('what was written since is erased with an event of its own, and the log still holds', async () => {
    await rig.append({ actor: { kind: 'person', id: 'T1:UADA', name: 'Ada', email: null }, data: { reason: 'Ada' } });
    await rig.store.audit.seal(1000);
    const { tree, erased } = await verifyAudit(rig.pool);
    const made = await erasePersonal(depsOf(rig), ALL_IS_OLD);
    expect(made).toEqual({ through: tree.size, erased: tree.size - erased, statements: 0 });
    expect(await personal()).toEqual([]);
    expect(await kindsIn(rig)).toEqual({ ok: true, erased: tree.size, found: [] });
    const [row] = await rig.sql(`select data from audit_events where type = 'record.erased' order by id desc limit 1`);
    expect(JSON.parse(String(row?.['data']))).toMatchObject({ throughSeq: tree.size, ground: 'retention' });
  });

  test('a bundle made after it says erased, for verify.py and a second verifier, and for people', async () => {
    files = await bundleOf(rig, grant);
    const { code, out } = await verifyFiles(files, '--key', rig.vkey);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^erased +texts +9 personal texts/m) });
    expect(out).toMatch(/^erased +people +not known any more/m);
    expect(problemOf(files, rig.vkey)).toBeNull();
    expect(JSON.parse(textOf(files, 'grant.json'))).toMatchObject({ grant, people: null });
    expect(textOf(files, 'report.html')).toContain('erased after the retention');
  });

  const forged: [string, (line: { open: { text: string }; proof: string }) => string][] = [
    [
      'another reach',
      (line) =>
        JSON.stringify({
          ...line,
          open: { ...line.open, text: line.open.text.replace(/"throughSeq":\d+/, '"throughSeq":999') },
        }),
    ],
    [
      'another event',
      () =>
        textOf(files, 'events.jsonl')
          .split('\n')[0]
          ?.replace(
            /}$/,
            `,"proof":${JSON.stringify(textOf(files, Object.keys(files).find((name) => name.startsWith('proofs/')) ?? ''))}}`,
          ) ?? '',
    ],
    ['another proof', (line) => JSON.stringify({ ...line, proof: line.proof.replace(/index \d+/, 'index 1') })],
  ];
  test.each(forged)('refuses %s in erased.json, though it is signed', async (_, change) => {
    const line = JSON.parse(textOf(files, 'erased.json')) as { open: { text: string }; proof: string };
    const made = await signAgain({ ...files, 'erased.json': Buffer.from(change(line)) }, rig.deps.signers);
    expect(await verifyFiles(made, '--key', rig.vkey)).toMatchObject({
      code: 1,
      out: expect.stringContaining('REFUSED texts'),
    });
  });

  test('refuses personal texts that are left out where no event says that they were erased', async () => {
    const { 'erased.json': _, ...rest } = files;
    const made = await signAgain(rest, rig.deps.signers);
    const { code, out } = await verifyFiles(made, '--key', rig.vkey);
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('no event says that it was erased') });
  });
});

describe('days', () => {
  let rig: EvidenceRig;
  const daysSaid = async () =>
    (await rig.sql(`select data from audit_events where type = 'day.closed' order by id`)).map(
      ({ data }) => JSON.parse(String(data)) as Record<string, unknown>,
    );
  /** As the clock stood then: events are dated before they are sealed. */
  const onDay = async (ago: number, ...events: Parameters<EvidenceRig['append']>): Promise<void> => {
    await rig.append(...events);
    await rig.tamper(
      `update audit_events set at = at - interval '${ago} days' where id in (select event_id from audit_unsealed)`,
    );
    await rig.store.audit.seal(1000);
  };

  beforeAll(async () => {
    rig = await openEvidenceRig();
    await onDay(
      5,
      {},
      { requestId: 'r1', grantId: 'g1', type: 'grant.activating' },
      { requestId: 'r2', grantId: 'g2', type: 'grant.activating' },
    );
    await onDay(3, { requestId: 'r1', grantId: 'g1', type: 'grant.ended' }, { type: 'policy.loaded' });
    await onDay(1, { requestId: 'r2', grantId: 'g2', type: 'grant.failed' });
    await rig.append({});
    await rig.store.audit.seal(1000);
  });
  afterAll(() => rig.close());

  test('each day that is over is closed once, without a gap, also days on which nothing happened', async () => {
    expect(await closeDays(depsOf(rig))).toBe(5);
    expect(await closeDays(depsOf(rig))).toBe(0);
    const said = await daysSaid();
    expect(said.map(({ firstSeq, lastSeq, openGrants, grants }) => [firstSeq, lastSeq, openGrants, grants])).toEqual([
      [1, 3, 2, 2],
      [4, 3, 2, 0],
      [4, 5, 1, 1],
      [6, 5, 1, 0],
      [6, 6, 0, 1],
    ]);
    expect(said[0]?.['events']).toEqual({ 'grant.activating': 2, 'request.created': 1 });
    await rig.store.audit.seal(1000);
    expect(await kindsIn(rig)).toEqual({ ok: true, erased: 0, found: [] });
  });

  test.each([
    ['events', { events: { 'grant.activating': 3 } }],
    ['numbers', { firstSeq: 2 }],
    ['open grants', { openGrants: 7 }],
    ['grants', { grantsRoot: 'f'.repeat(64) }],
  ])('verify finds a closed day that says something else of %s', async (what, change) => {
    const rig2 = await openEvidenceRig();
    const data = {
      day: '',
      firstSeq: 1,
      lastSeq: 2,
      events: { 'grant.activating': 2 },
      openGrants: 2,
      grants: 2,
      grantsRoot: '',
    };
    await rig2.append(
      { requestId: 'r1', grantId: 'g1', type: 'grant.activating' },
      { requestId: 'r2', grantId: 'g2', type: 'grant.activating' },
    );
    await rig2.tamper(`update audit_events set at = at - interval '1 day'`);
    await rig2.store.audit.seal(1000);
    const right = await recordKeeping(rig2.pool).nextDay();
    await closeDays(depsOf(rig2));
    const [row] = await rig2.sql(`select data from audit_events where type = 'day.closed'`);
    const wrong = { ...data, ...(JSON.parse(String(row?.['data'])) as object), ...change };
    expect(right).toMatchObject({ firstSeq: 1, lastSeq: 2, grants: ['g1', 'g2'] });
    await rig2.tamper(`update audit_events set data = '${JSON.stringify(wrong)}' where type = 'day.closed'`);
    await rig2.store.audit.seal(1000);
    const { problems } = await verifyAudit(rig2.pool);
    await rig2.close();
    expect(problems).toMatchObject([
      { seq: 3, kind: 'day_mismatch', message: expect.stringContaining(`of ${what} is not`) },
    ]);
  });
});
