/** Commands, forms and buttons of a member without rights, against the real use cases and database: nothing opens. */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDomainError } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { actions } from '../../src/slack/door/actions/registry.ts';
import { runCommand } from '../../src/slack/door/commands/registry.ts';
import { shownView, submitPayload } from '../../src/slack/door/payloads.ts';
import { views } from '../../src/slack/door/views/registry.ts';
import { explainError } from '../../src/slack/errors.ts';
import { startRig } from '../slack/rig.ts';
import type { Rig } from '../slack/rig.ts';
import { claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { createFakeSlack } from './fake-slack.ts';
import { clickedAs, COMMANDS, formPayloads, typedAs, VALUES } from './seeds.ts';
import { jsonLike, textsLike } from './texts.ts';

const log = createLog('silent');
let rig: Rig;
const userId = 'U0ADA';
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  const client = new pg.Client({ connectionString: rig.databaseUrl });
  await client.connect();
  const count = async (table: string) =>
    (await client.query<{ n: number }>(`select count(*)::int n from ${table}`)).rows[0]?.n;
  // What was asked waits; nobody voted, so nothing was given.
  claim([await count('grants'), await count('votes'), await count('pre_approvals')]).toEqual([0, 0, 0]);
  await client.end();
  await rig.stop();
});

const real = () => {
  const fake = createFakeSlack(0, '');
  return { ...fake, slack: { ...fake.slack, useCases: rig.useCases, store: rig.store } };
};

const attempt = async (work: () => Promise<void>, said: unknown[], input: string): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!isDomainError(error)) throw error;
    said.push({ text: explainError(error, log) });
  }
  saysNothingOfTheInside(said, input);
};

describe('with nobody’s rights', () => {
  fuzz({
    name: 'real command',
    share: 1,
    inputs: textsLike(COMMANDS),
    run: async (text) => {
      const { slack, said, reply } = real();
      const call = { slack, userId, channelId: 'C1', triggerId: '1.2', deliveryKey: null, text: typedAs(text), reply };
      await attempt(() => runCommand(call), said, text);
    },
  });
  fuzz({
    name: 'real form',
    share: 1,
    inputs: fc.record({ at: fc.nat(1_000), payload: jsonLike(formPayloads('U1')) }),
    run: async ({ at, payload }) => {
      const parsed = submitPayload.safeParse(payload);
      if (!parsed.success) return;
      const { slack, said, reply } = real();
      const ack = async (answer?: unknown) => void said.push(answer ?? null);
      const call = { slack, userId, view: shownView(parsed.data.view), ack, reply };
      await attempt(async () => views[at % views.length]?.run(call), said, JSON.stringify(payload));
    },
  });
  fuzz({
    name: 'real button',
    share: 1,
    inputs: fc.record({ at: fc.nat(1_000), value: textsLike(VALUES) }),
    run: async ({ at, value }) => {
      const { slack, said, reply } = real();
      const message = { channelId: 'C1', ts: '1.2' };
      const call = { slack, userId, triggerId: '1.2', value: clickedAs(value), message, view: null, reply };
      await attempt(async () => actions[at % actions.length]?.run(call), said, value);
    },
  });

  it.each(['\u0000', '\ud800', '\udc00'])('%j, which Postgres refuses, is no fault of ours anywhere', async (sign) => {
    const { slack, said, reply } = real();
    const typed = [
      `orders-db read 30m odd${sign}reason`,
      `orders-db read from tomorrow 9am ${sign}1h odd`,
      `cancel ${sign}`,
    ];
    for (const text of typed) {
      const call = { slack, userId, channelId: 'C1', triggerId: '1.2', deliveryKey: null, text: typedAs(text), reply };
      await attempt(() => runCommand(call), said, text);
    }
    for (const action of actions) {
      const call = {
        slack,
        userId,
        triggerId: '1.2',
        value: clickedAs(`01ab${sign}`),
        message: null,
        view: null,
        reply,
      };
      await attempt(() => action.run(call), said, '');
    }
    expect(said.length).toBeGreaterThan(typed.length);
  });
});
