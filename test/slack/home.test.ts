/** The home tab is where one works: own access with the time that is left, what waits with all that its card has, page by page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { bar } from '../../src/slack/door/home/parts.ts';
import { buttonsOf, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
let pool: pg.Pool;
beforeAll(async () => {
  rig = await startRig();
  pool = new pg.Pool({ connectionString: rig.databaseUrl, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await rig.stop();
});

const ask = async (userId: string, role: string, reason: string): Promise<string> => {
  const wanted = { durationMs: null, reason, ticket: 'OPS-1', start: null, incidentChannelId: null, alert: null };
  const sent = await rig.useCases.createRequest({ ...wanted, userId, target: 'orders-db', role, idempotencyKey: null });
  if (sent.outcome !== 'sent') throw new Error('not sent');
  return sent.view.request.id;
};

const home = (who: string): string => seen(rig.slack.as(who).home());
const open = async (who: string, words: string): Promise<string> => {
  rig.slack.as(who).openHome();
  await until(rig, () => home(who).includes(words));
  return home(who);
};

describe('the home tab', () => {
  it('of who has and wants nothing says so', async () => {
    const text = await open('ines', 'Last 7 days');
    expect(text).toContain('No request waits for you.');
    expect(text).toContain('You have no access to production now.');
  });

  it('shows an approver the whole card, and its buttons', async () => {
    await ask('U0ADA', 'write', 'set order 1183 to paid');
    const text = await open('olga', 'set order 1183 to paid');
    for (const part of ['<@U0ADA>', '15m', 'OPS-1', 'Holds customer addresses', 'Sensitive', '<@U0RITA>', 'app_write'])
      expect(text).toContain(part);
    expect(buttonsOf(rig.slack.as('olga').home())).toEqual(
      expect.arrayContaining(['approve', 'approve_changes', 'deny', 'discuss']),
    );
  });

  it('shows what one has with the time that is left and its buttons, and no id', async () => {
    const requestId = await ask('U0ADA', 'read', 'look at stuck orders');
    await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
    await rig.settle();
    const text = await open('ada', '▰');
    expect(text).toMatch(/▰{12} {2}\*30m left\*/);
    expect(text).toContain('look at stuck orders');
    expect(buttonsOf(rig.slack.as('ada').home())).toEqual(
      expect.arrayContaining(['show_credentials', 'extend', 'done']),
    );
    const view = await rig.store.read.view(requestId);
    expect(text).not.toContain(`\`${view?.grant?.id ?? ''}\``);
  });

  it('counts the week, and offers what one requests again and again', async () => {
    await ask('U0ADA', 'read', 'look at them again');
    const text = await open('ada', 'You often request');
    expect(text).toContain('Orders database · Read only · 30m');
    expect(text).toContain('*3*\\nrequests');
    expect(text).toContain('*0*\\nended late');
    await rig.slack.as('ada').click('home', 'form_with_line', 'orders-db read 30m');
    await until(rig, () => seen(rig.slack.as('ada').modal()).includes('duration:orders-db/read'));
    await rig.slack.as('ada').close();
  });
});

describe('with a thousand open requests', () => {
  const COPY = `insert into requests select copy.* from requests r, generate_series(1, $2::int) n,
    jsonb_populate_record(r, jsonb_build_object('id', 'many' || lpad(n::text, 8, '0'), 'idempotency_key', null,
      'reason', 'one of many, number ' || n, 'created_at', r.created_at + n * interval '1 millisecond')) copy where r.id = $1`;

  const timeOf = async (userId: string): Promise<number> => {
    const times: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      const start = performance.now();
      await rig.useCases.overview({ userId, waiting: { after: null, size: 5 } });
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  };

  it('is as fast for who decides on all of them, bounded for who decides on none, and goes page by page', async () => {
    const like = await ask('U0RITA', 'read', 'one of many');
    const few = await timeOf('U0OLGA');
    await pool.query(COPY, [like, 1_000]);
    await pool.query('analyze requests');
    expect(await timeOf('U0OLGA')).toBeLessThan(few * 10 + 250);
    expect(await timeOf('U0INES')).toBeLessThan(2_500);
    const olga = rig.slack.as('olga');
    await open('olga', 'Show the next');
    expect(home('olga')).toContain('set order 1183 to paid');
    const first = home('olga');
    await olga.click('home', 'home_next');
    await until(rig, () => home('olga').includes('Back to the first'));
    expect(home('olga')).toContain('one of many, number');
    expect(home('olga')).not.toContain('set order 1183 to paid');
    // A vote from a later page leaves the page where it is.
    await olga.click('home', 'approve');
    await until(rig, () => !home('olga').includes('number 3"') && home('olga').includes('Back to the first'));
    await olga.click('home', 'home_first');
    await until(rig, () => !home('olga').includes('Back to the first'));
    expect(home('olga').includes('set order 1183 to paid')).toBe(first.includes('set order 1183 to paid'));
  });
});

it.each([
  [1, '▰▰▰▰▰▰▰▰▰▰▰▰'],
  [0.5, '▰▰▰▰▰▰▱▱▱▱▱▱'],
  [0.001, '▰▱▱▱▱▱▱▱▱▱▱▱'],
  [0, '▱▱▱▱▱▱▱▱▱▱▱▱'],
  [-1, '▱▱▱▱▱▱▱▱▱▱▱▱'],
  [7, '▰▰▰▰▰▰▰▰▰▰▰▰'],
])('a bar with %s left is %s', (left, drawn) => expect(bar(left)).toBe(drawn));
