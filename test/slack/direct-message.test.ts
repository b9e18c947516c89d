/** What people write to Latchkey in its direct message does what the slash command does, once, and for themselves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES, DomainError } from '../../src/domain/errors.ts';
import { readDirectMessage } from '../../src/slack/door/direct-message.ts';
import { nextSteps } from '../../src/slack/next-steps.ts';
import { buttonsOf, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const fromBot = (who: string) =>
  rig.slack
    .as(who)
    .dmsWithApp()
    .filter(({ user }) => user === rig.slack.app.botUserId);

/** The answer to what was written. */
const write = async (text: string, who = 'ada') => {
  const before = fromBot(who).length;
  rig.slack.as(who).postToApp(text);
  await until(rig, () => fromBot(who).length > before);
  const answer = fromBot(who).at(-1);
  if (!answer) throw new Error('no answer came');
  return answer;
};

describe('in the direct message', () => {
  it.each([
    ['list', 'You have no access'],
    ['  LIST ', 'You have no access'],
    ['`list`', 'You have no access'],
    ['/prod-access list', 'You have no access'],
    ['prod-access list', 'You have no access'],
    ['done', 'no live access'],
    ['who orders-db', 'Who approves'],
    ['orders-db read 9h look at stuck orders', 'At most 4h here'],
    ['help', '*Everyday*'],
    ['hello', '*Everyday*'],
    ['?', '*Everyday*'],
    ['xyzzy', 'neither a command nor a target'],
    ['xyzzy', '*Everyday*'],
    ['good morning, what can you do?', '*Everyday*'],
  ])('%s: %s', async (text, words) => {
    expect(seen(await write(text))).toContain(words);
  });

  it('a mention of the bot before the words is left out', async () => {
    expect(seen(await write(`<@${rig.slack.app.botUserId}> list`))).toContain('You have no access');
  });

  it('a line that was mistyped comes with a button that sends it', async () => {
    const answer = await write('lits');
    expect(seen(answer)).toContain('Did you mean');
    expect(
      answer.blocks?.flatMap((block) => (block['elements'] as { value?: string }[] | undefined) ?? []),
    ).toContainEqual(expect.objectContaining({ value: 'list' }));
    const before = fromBot('ada').length;
    await rig.slack.as('ada').click(answer, 'say_line_0', 'list');
    await until(
      rig,
      () =>
        seen(rig.slack.as('ada').dmsWithApp().at(-1)).includes('You have no access') || fromBot('ada').length > before,
    );
  });

  it('keeps the names of people in a reason, whom Slack sends as ids here', async () => {
    const answer = await write('orders-db read 5m <@U0OLGA> and <@U0NONE> look at stuck orders');
    expect(seen(answer)).toContain('was sent');
    const [waiting] = await rig.store.read.pending(1);
    expect(waiting?.request.reason).toBe('@olga and @U0NONE look at stuck orders');
    await rig.useCases.cancel({ userId: 'U0ADA', requestId: waiting?.request.id ?? '' });
  });

  it('opens the form with one click, since a message opens nothing by itself', async () => {
    const answer = await write('form');
    await rig.slack.as('ada').click(answer, 'say_line_0', 'form');
    await until(rig, () => rig.slack.as('ada').modal() !== undefined);
    await rig.slack.as('ada').close();
  });

  it('what was refused opens in the form with everything that was typed', async () => {
    const answer = await write('orders-db read 20m');
    expect(seen(answer)).toContain('Say why');
    await rig.slack.as('ada').click(answer, 'form_with_line');
    await until(rig, () => seen(rig.slack.as('ada').modal()).includes('role:orders-db'));
    await rig.slack.as('ada').close();
  });
});

describe('a request that is written there', () => {
  it('is the writer’s own, and one, however often the event comes', async () => {
    const said = fromBot('ada').length;
    rig.slack.faults.duplicateEvents(1);
    const answer = await write('orders-db read 20m look at stuck orders');
    expect(seen(answer)).toContain('was sent');
    // Events are taken in their order: the second copy was taken before this one.
    await write('list');
    const pending = await rig.store.read.pending(10);
    expect(pending.map(({ requester, request }) => [requester.name, request.durationMs, request.reason])).toEqual([
      ['ada', 20 * 60_000, 'look at stuck orders'],
    ]);
    const answers = fromBot('ada').slice(said);
    expect(answers.filter(({ text }) => /was (already )?sent/.test(text))).toHaveLength(1);
  });
});

describe('is no command:', () => {
  const event = {
    type: 'message',
    channel: 'D1',
    channel_type: 'im',
    user: 'U0ADA',
    text: 'list',
    ts: '1700000000.000100',
  };
  it.each([
    ['an edit', { subtype: 'message_changed', hidden: true }],
    ['a deletion', { subtype: 'message_deleted', hidden: true }],
    ['a bot', { bot_id: 'B0OTHER' }],
    ['an app in a person’s name', { app_id: 'A0OTHER' }],
    ['Latchkey itself', { user: 'U0BOT' }],
    ['a channel', { channel_type: 'channel' }],
    ['a conversation of several', { channel_type: 'mpim' }],
    ['nobody', { user: undefined }],
  ])('%s', (_, difference) => {
    expect(readDirectMessage(event, 'U0BOT')).toMatchObject({ userId: 'U0ADA', line: 'list' });
    expect(readDirectMessage({ ...event, ...difference }, 'U0BOT')).toBeNull();
  });
});

describe('a refusal', () => {
  it.each(ERROR_CODES)('%s has a next step as a button', (code) => {
    expect(nextSteps(new DomainError(code, { target: 'orders-db' })).length).toBeGreaterThan(0);
  });
  it('shows it', async () => {
    expect(buttonsOf(await write('cancel zzzz'))).toEqual(['say_line_0']);
  });
});
