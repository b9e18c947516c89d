import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CreateRequestInput, CreateRequestResult } from '../../src/application/requests/request-types.ts';
import type { UseCases } from '../../src/application/verbs.ts';
import { POLICY, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
/** Held asks wait until the test lets them go. */
let gate: Promise<void> | null = null;
let asks: CreateRequestInput[] = [];

const slowly =
  (useCases: UseCases) =>
  async (input: CreateRequestInput): Promise<CreateRequestResult> => {
    asks.push(input);
    await gate;
    return useCases.createRequest(input);
  };

beforeAll(async () => {
  rig = await startRig({ wrap: (useCases) => ({ ...useCases, createRequest: slowly(useCases) }) });
});
afterAll(() => rig.stop());
afterEach(async () => {
  while (ada().modal()) await ada().close();
  gate = null;
  asks = [];
  rig.setPolicy(POLICY);
});

const ada = () => rig.slack.as('ada');

const openForm = async (): Promise<void> => {
  await ada().command('/prod-access');
  await until(rig, () =>
    ada()
      .modal()
      ?.blocks.some(({ type }) => type === 'input'),
  );
};

const choose = async (target: string, role: string): Promise<void> => {
  await ada().select('target', target);
  await until(rig, () => seen(ada().modal()).includes(`role:${target}`));
  await ada().select('role', role);
  await until(rig, () => seen(ada().modal()).includes('will decide'));
};

describe('the request form', () => {
  it('opens before anything is looked up', async () => {
    const before = rig.slack.calls().length;
    await openForm();
    const methods = rig.slack
      .calls()
      .slice(before)
      .map(({ method }) => method)
      // A connection that is made anew has nothing to do with it.
      .filter((method) => method !== 'apps.connections.open');
    expect(methods[0]).toBe('views.open');
  });

  it('shows which rule will decide and who will be asked, and keeps what was typed', async () => {
    await openForm();
    await ada().type('reason', 'checkout errors');
    await choose('orders-db', 'write');
    const text = seen(ada().modal());
    expect(text).toContain('_Writes need an owner and an SRE_ will decide');
    expect(text).toContain('<@U0OLGA>');
    expect(text).toContain('<@U0RITA>');
    expect(text).toContain('Holds customer addresses');
    expect(ada().modal()?.values['reason']?.['reason']?.value).toBe('checkout errors');
  });

  it('does not keep a role of another target', async () => {
    await openForm();
    await choose('orders-db', 'write');
    await ada().select('target', 'users-db');
    await until(
      rig,
      () => seen(ada().modal()).includes('role:users-db') && seen(ada().modal()).includes('Everything else'),
    );
    expect(ada().modal()?.values['role:users-db']).toBeDefined();
    expect(seen(ada().modal())).not.toContain('role:orders-db');
  });

  it('answers under the fields, and sends once what was sent twice', async () => {
    await openForm();
    await choose('orders-db', 'write');
    await ada().type('reason', 'short');
    const refused = await ada().submit();
    expect(refused.errors['reason']).toContain('at least 10');
    expect(refused.errors['ticket']).toContain('needs a ticket');
    await ada().type('reason', 'repair order 1183 by hand');
    await ada().type('ticket', 'OPS-1');
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(seen(ada().modal())).toContain('was sent');
    expect(new Set(asks.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(asks.at(-1)).toMatchObject({
      caller: { person: { userId: 'U0ADA' } },
      durationMs: 15 * 60_000,
      ticket: 'OPS-1',
    });
  });

  it('says “sending” in time when the answer is slow, then how it went', async () => {
    await openForm();
    await choose('orders-db', 'read');
    await ada().type('reason', 'slow day at the database');
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const started = performance.now();
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(seen(ada().modal())).toContain('Sending');
    open();
    await until(rig, () => seen(ada().modal()).includes('was sent'));
    await ada().close();
    expect(ada().modals()).toEqual([]);
  });

  it('leads back to the form with everything typed when a slow answer was no', async () => {
    await openForm();
    await choose('orders-db', 'write');
    await ada().type('reason', 'I want to write something');
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    await ada().submit();
    open();
    await until(rig, () => seen(ada().modal()).includes('needs a ticket'));
    await ada().close();
    expect(ada().modal()?.values['reason']?.['reason']?.value).toBe('I want to write something');
  });
});

const blocksOfForm = (): { type: string; block_id?: string }[] => ada().modal()?.blocks ?? [];
const placeOf = (block: string): number => blocksOfForm().findIndex(({ block_id: id }) => id === block);

describe('how long', () => {
  it('may be any duration that is typed, and who decides stands directly below', async () => {
    await openForm();
    await choose('orders-db', 'read');
    await ada().type('duration', '20m');
    await ada().type('reason', 'look at stuck orders');
    expect(placeOf('preview')).toBe(placeOf('picks') + 1);
    expect(placeOf('picks')).toBe(placeOf('duration:orders-db/read') + 1);
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(asks.at(-1)).toMatchObject({ durationMs: 20 * 60_000 });
  });

  it('is one tap on a quick pick, after whatever was typed', async () => {
    await openForm();
    await choose('orders-db', 'read');
    await ada().type('reason', 'look at stuck orders');
    await ada().type('duration', '20m');
    await ada().click('modal', 'pick_0', '15m');
    await until(rig, () => placeOf('duration:orders-db/read:1') > 0);
    await ada().type('duration', '25m', { blockId: 'duration:orders-db/read:1' });
    await ada().click('modal', 'pick_0', '15m');
    await until(rig, () => placeOf('duration:orders-db/read:2') > 0);
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(asks.at(-1)).toMatchObject({ durationMs: 15 * 60_000, reason: 'look at stuck orders' });
  });

  it.each([
    ['banana', 'is no duration. Write it like 20m'],
    ['0m', 'is no duration'],
    ['-5m', 'is no duration'],
    ['9h', 'At most 4h here'],
  ])('%s is refused under its field, and nothing is lost', async (typed, words) => {
    await openForm();
    await choose('orders-db', 'read');
    await ada().type('reason', 'look at stuck orders');
    await ada().type('duration', typed);
    const refused = await ada().submit();
    expect(refused.errors['duration:orders-db/read']).toContain(words);
    expect(ada().modal()?.values['reason']?.['reason']?.value).toBe('look at stuck orders');
    expect(ada().modal()?.values['duration:orders-db/read']?.['duration']?.value).toBe(typed);
  });
});

describe('a later start', () => {
  it('is folded away until somebody wants it, and keeps what was typed', async () => {
    await openForm();
    await choose('orders-db', 'read');
    await ada().type('reason', 'move the archive');
    expect(placeOf('start')).toBe(-1);
    await ada().click('modal', 'start_later');
    await until(rig, () => placeOf('start') > 0);
    const at = Math.floor(Date.now() / 1000) + 3_600;
    await ada().select('start', at);
    await ada().type('duration', '20m');
    await until(rig, () => seen(ada().modal()).includes('will decide'));
    expect(placeOf('start')).toBeGreaterThan(0);
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(asks.at(-1)).toMatchObject({ start: { kind: 'at', at: new Date(at * 1000) }, reason: 'move the archive' });
  });
});

describe('where the target makes credentials for a public key', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQ+3kAQe5YxTv0sVrbTOX1Zyk6CL9QnVLhjeSAgWb0E ada@laptop';
  afterEach(() => {
    rig.target.access.isIssued = () => false;
  });

  it('the form has a field for it while none is known, judges it there, and keeps it', async () => {
    rig.target.access.isIssued = () => true;
    await openForm();
    await choose('orders-db', 'read');
    await until(rig, () => placeOf('public_key') > 0);
    await ada().type('reason', 'look at the host');
    await ada().type('public_key', 'ssh-ed25519 not-a-key');
    const refused = await ada().submit();
    expect(refused.errors['public_key']).toContain('public key');
    expect(asks).toEqual([]);
    await ada().type('public_key', KEY);
    expect(await ada().submit()).toMatchObject({ ok: true });
    expect(await rig.useCases.showPublicKey({ userId: 'U0ADA' })).not.toBeNull();
    await ada().close();
    await openForm();
    await choose('orders-db', 'read');
    expect(placeOf('public_key')).toBe(-1);
  });
});

describe('with more than a hundred targets', () => {
  const many = Array.from(
    { length: 150 },
    (_, index) =>
      `  db-${index}: { title: Database ${index}, provider: postgres, config: { url: "postgres://nobody:x@127.0.0.1:1/none" }, owners: [dba], roles: { read: { title: Read, scope: { member_of: [app_read] }, max: 4h, default: 30m } } }`,
  ).join('\n');

  it('the target is searched for, and can be chosen', async () => {
    rig.setPolicy(POLICY.replace('targets:\n', `targets:\n${many}\n`));
    await openForm();
    const { options } = await ada().suggest('target_search', 'base 14');
    expect(options.map(({ value }) => value)).toContain('db-142');
    expect(options.length).toBeLessThanOrEqual(100);
    await ada().select('target_search', 'db-142');
    await until(rig, () => seen(ada().modal()).includes('will decide'));
    expect(seen(ada().modal())).toContain('role:db-142');
  });
});
