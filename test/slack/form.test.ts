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
      .map(({ method }) => method);
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
    expect(text).toContain('Holds customer addresses.');
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
