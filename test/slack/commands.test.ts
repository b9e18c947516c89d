import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/slack/door/commands/registry.ts';
import { parseRequestLine } from '../../src/slack/door/commands/parse-request.ts';
import { nearest } from '../../src/slack/nearest.ts';
import { buttonsOf, POLICY, policyOf, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

const policy = policyOf(POLICY);
const line = (text: string) => {
  const read = parseRequestLine(policy, text);
  return read.isRead ? read.line : read.problem;
};

describe('a one-line ask', () => {
  it('is target, role, duration, reason and ticket', () => {
    const whole = {
      target: 'orders-db',
      role: 'read',
      durationMs: 1_800_000,
      reason: 'checkout errors',
      ticket: 'OPS-12',
      start: null,
    };
    expect(line('orders-db read 30m checkout errors OPS-12')).toEqual(whole);
    expect(line('  orders-db/read   30m checkout errors OPS-12 ')).toEqual(whole);
    expect(line('ORDERS-DB Read 30m checkout errors OPS-12')).toEqual(whole);
  });

  it('takes the role’s usual duration when none is given, and no ticket when none is there', () => {
    expect(line('orders-db write fix order 7')).toEqual({
      target: 'orders-db',
      role: 'write',
      durationMs: null,
      reason: 'fix order 7',
      ticket: null,
      start: null,
    });
    expect(line('orders-db read')).toMatchObject({ reason: '', ticket: null });
  });

  it.each([
    ['orders-bd read 30m x', 'unknown_target', 'orders-db read 30m x'],
    ['orders-db raed 30m x', 'unknown_role', 'orders-db read 30m x'],
    ['orders-db', 'role_missing', 'orders-db read'],
    ['orders-db read 0m x', 'bad_duration', 'orders-db read 30m x'],
    ['orders-db read -5m x', 'bad_duration', 'orders-db read 30m x'],
    ['orders-db read 30mons x', 'bad_duration', 'orders-db read 30m x'],
  ])('%s is %s, and says what to type', (text, code, suggestion) => {
    const problem = line(text);
    expect(problem).toMatchObject({ code });
    expect('suggestions' in problem && problem.suggestions).toContain(suggestion);
  });

  it('does not find what objects are made of', () => {
    expect(line('constructor toString 5m x')).toMatchObject({ code: 'unknown_target' });
    expect(line('orders-db __proto__ 5m x')).toMatchObject({ code: 'unknown_role' });
  });
});

describe('names that are nearest', () => {
  it('are few, and only those that were probably meant', () => {
    expect(nearest('ordres-db', ['orders-db', 'users-db'])[0]).toBe('orders-db');
    expect(nearest('xyz', ['orders-db', 'users-db'])).toEqual([]);
    expect(nearest('x'.repeat(100_000), ['orders-db'])).toEqual([]);
  });
});

describe('the slash command', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  const say = async (text: string, who = 'ada'): Promise<string> => {
    const person = rig.slack.as(who);
    const before = person.messages('prod-access').length;
    await person.command('/prod-access', text, 'prod-access');
    await until(rig, () => person.messages('prod-access').length > before);
    return seen(person.messages('prod-access').at(-1));
  };

  it('answers help from the commands themselves', async () => {
    const help = await say('help all');
    for (const { usage, does } of commands) {
      expect(help).toContain(usage.replace(/</g, '&lt;').replace(/>/g, '&gt;'));
      expect(help).toContain(does);
    }
  });

  it.each([
    ['ada', ['list', 'done', 'extend'], ['allow', 'revoke', 'evidence', 'people', 'break-glass', 'key']],
    ['olga', ['list', 'allow', 'away', 'revoke'], ['evidence', 'people', 'break-glass']],
    ['rita', ['list', 'allow', 'away'], ['evidence', 'people', 'break-glass']],
    ['sam', ['list', 'allow', 'revoke', 'evidence', 'report', 'people'], ['break-glass', 'key']],
  ])('shows %s what they may do, and no more', async (who, shown, hidden) => {
    const help = await say('help', who);
    const isShown = (name: string): boolean => commands.some((one) => one.name === name && help.includes(one.does));
    expect(shown.filter((name) => !isShown(name))).toEqual([]);
    expect(hidden.filter(isShown)).toEqual([]);
    expect(help).toContain('orders-db read 30m checkout errors OPS-12');
  });

  it('answers what was mistyped, privately, with what to type instead', async () => {
    expect(await say('hlep')).toContain('Did you mean `/prod-access help`?');
    expect(buttonsOf(rig.slack.as('ada').messages('prod-access').at(-1))).toContain('say_line_0');
    expect(await say('lits')).toContain('`/prod-access list`');
    expect(await say('orders-bd read 5m because')).toContain('`/prod-access orders-db read 5m because`');
    expect(await say('orders-db raed 5m because')).toContain('`/prod-access orders-db read 5m because`');
    expect(await say('orders-db read banana')).toContain('That is no duration; write it like 30m');
    expect(await say('zzz qqq')).toContain('There is no target of that name');
    expect(rig.slack.as('oscar').messages('prod-access')).toEqual([]);
  });

  it.each([
    ['orders-db read 0m why', 'no duration'],
    ['orders-db read -5m why', 'no duration'],
    ['orders-db read 9h why not', '9h is too long. At most 4h here.'],
    ['orders-db write 5m a very good reason', 'needs a ticket'],
    ['orders-db write 5m short OPS-1', 'at least 10 characters'],
    ['orders-db read 5m', 'Say why'],
    ['done', 'no live access'],
    ['done zzzzzzzz', 'There is no grant `zzzzzzzz`'],
    ['revoke', 'There is no live access that you may end'],
    ['cancel', 'You have no request that waits'],
    ['withdraw', 'There is no pre-approval'],
    ['disallow', 'There is no pre-approval'],
    ['evidence', 'Only auditors and admins'],
    ['audit k3m9x2', 'Only auditors and admins'],
    ['cancel zzzz', 'no such request'],
    ['who', 'who orders-db'],
    ['who ordes-db', 'who orders-db'],
    ['list', 'You have no access'],
  ])('%s: %s', async (text, words) => {
    expect(await say(text)).toContain(words);
  });

  it.each(commands.map(({ name }) => name))('%s with words that mean nothing leads on by a button', async (name) => {
    await say(`${name} zzz zzz zzz zzz`, 'sam');
    expect(buttonsOf(rig.slack.as('sam').messages('prod-access').at(-1))).not.toEqual([]);
  });

  it('explains who would decide, and sends nothing', async () => {
    const text = await say('explain orders-db write');
    expect(text).toContain('Decided by the rule "Writes need an owner and an SRE"');
    expect(text).toContain('Nothing was sent');
    expect(await rig.store.read.pending(10)).toEqual([]);
  });

  it('says who is in a target and who lets others in', async () => {
    const text = await say('who orders-db');
    expect(text).toContain('No one.');
    expect(text).toContain('one of owners (<@U0OLGA>, <@U0SAM>)');
  });

  it('asks once when Slack delivers it twice, and shows it on both home tabs', async () => {
    expect(await say('orders-db read 5m look at order 7')).toContain('was sent');
    expect(await say('list')).toContain('Waiting for approval');
    rig.slack.as('olga').openHome();
    await until(rig, () => seen(rig.slack.as('olga').home()).includes('look at order 7'));
    expect(buttonsOf(rig.slack.as('olga').home())).toContain('approve');
    await rig.slack.as('olga').click('home', 'approve');
    await until(rig, () => seen(rig.slack.as('olga').home()).includes('No request waits for you'));
    await rig.settle();
    rig.slack.as('ada').openHome();
    await until(rig, () => buttonsOf(rig.slack.as('ada').home()).includes('show_credentials'));
    const [live] = await rig.store.read.liveViews(null, 1);
    expect(await say(`revoke ${live?.grant?.id ?? ''} mistake`, 'rita')).toContain(
      'Only admins of Latchkey and owners',
    );
    expect(await say(`revoke ${live?.grant?.id ?? ''} mistake`, 'sam')).toContain('It is ending');
  });
});
