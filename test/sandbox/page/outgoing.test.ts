import { describe, expect, it } from 'vitest';
import { completeAt, outgoing } from '../../../sandbox/src/page/text/outgoing.ts';

const person = (id: string, name: string, realName: string) => ({
  id,
  name,
  realName,
  title: '',
  isApp: false,
  isBot: false,
  isDeleted: false,
});

const known = {
  people: [person('U1', 'ana', 'Ana Kovač'), person('U2', 'anton', 'Anton Berg')],
  usergroups: [{ id: 'S1', handle: 'sre', name: 'SRE' }],
  channels: [],
  commands: [{ command: '/prod-access', description: 'Ask', usageHint: 'orders-db read' }],
};

describe('what is sent', () => {
  it('a line that starts with a slash is a command, with its words as they were typed', () => {
    expect(outgoing(known, { channel: 'C1', text: ' /prod-access orders-db  read <b> ' })).toEqual({
      act: 'command',
      channel: 'C1',
      command: '/prod-access',
      text: 'orders-db  read <b>',
    });
  });

  it('in a thread it is a message: Slack serves no commands there', () => {
    expect(outgoing(known, { channel: 'C1', text: '/prod-access', threadTs: '1.2' })).toMatchObject({ act: 'post' });
  });

  it('a message is escaped, and names become mentions', () => {
    expect(outgoing(known, { channel: 'C1', text: '@ana @sre @nobody a@ana.test <b> & @here' })).toEqual({
      act: 'post',
      channel: 'C1',
      text: '<@U1> <!subteam^S1> @nobody a@ana.test &lt;b&gt; &amp; <!here>',
    });
  });
});

describe('what is offered while typing', () => {
  it('commands at the start of a message only', () => {
    expect(completeAt(known, { text: '/pr', caret: 3, isThread: false })?.options[0]?.insert).toBe('/prod-access');
    expect(completeAt(known, { text: 'a /pr', caret: 5, isThread: false })).toBeNull();
    expect(completeAt(known, { text: '/prod-access ', caret: 13, isThread: false })).toBeNull();
    expect(completeAt(known, { text: '/pr', caret: 3, isThread: true })).toBeNull();
  });

  it('says when nothing is left to complete, so that Enter may send', () => {
    expect(completeAt(known, { text: '/prod-access', caret: 12, isThread: false })?.isComplete).toBe(true);
  });

  it('people after an at sign, by either name', () => {
    const found = completeAt(known, { text: 'ask @an', caret: 7, isThread: false });
    expect(found?.options.map((option) => option.insert)).toEqual(['@ana', '@anton']);
    expect(found?.from).toBe(4);
    expect(completeAt(known, { text: '@berg', caret: 5, isThread: true })?.options[0]?.insert).toBe('@anton');
  });
});
