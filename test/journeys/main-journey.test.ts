/** The main job, end to end: ask in Slack, approve, get in, be out again. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../src/local/slack/types.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 6s }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }`;

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ mode, roles: ROLES });
    await world.start();
  });
  afterAll(() => world.stop());

  const approvalMessage = (text: string): Promise<Message> =>
    world.slack.waitFor(() => world.slack.as('olga').messages('prod-access').find((message) => seen(message).includes(text)));
  const dm = (who: string, text: string): Promise<Message> =>
    world.slack.waitFor(() =>
      world.slack
        .as(who)
        .dmsWithApp()
        .find((message) => seen(message).includes(text)),
    );

  test('asked in one line, agreed to, used as the right role, and cut at the end', async () => {
    const { slack } = world;
    await slack.as('ada').command('/prod-access', 'orders-db read 6s checkout errors after the release', 'general');
    const message = await approvalMessage('checkout errors');
    await slack.as('olga').click(message, 'approve');
    const granted = await dm('ada', 'Show credentials');
    await slack.as('ada').click(granted, 'show_credentials');
    const modal = await slack.waitFor(() => {
      const top = slack.as('ada').modal();
      return JSON.stringify(top ?? null).includes('postgresql://') && top;
    });
    const url = /postgresql:\/\/[^\s"`\\]+/.exec(JSON.stringify(modal))?.[0] ?? '';
    const client = new pg.Client({ connectionString: url });
    const cut = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    const { rows } = await client.query<{ me: string; n: string }>('select current_user as me, count(*) as n from orders');
    expect(rows).toEqual([{ me: world.target.groups.app_read, n: '2' }]);
    await expect(client.query("insert into orders values (3, 'desk')")).rejects.toMatchObject({ code: '42501' });
    expect(await world.logins()).toHaveLength(1);
    await cut;
    await expect(withClient(url, (again) => again.query('select 1'))).rejects.toThrow();
    await dm('ada', 'ended');
    expect(await world.logins()).toEqual([]);
    const [grant] = await world.sql<{ late: number; outcome: string }>(
      `select extract(epoch from ended_at - expires_at) as late, end_outcome as outcome from grants`,
    );
    expect(grant?.outcome).toBe('removed');
    expect(await world.sql('select 1 from secrets')).toEqual([]);
  });
});
