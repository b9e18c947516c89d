/** What is typed after `extend`, and what a button for more time carries. */
import { describe, expect, it } from 'vitest';
import { extendButton, readExtendValue } from '../../src/slack/messages/render/buttons.ts';
import { readExtendLine } from '../../src/slack/door/commands/extend.ts';

const MINUTE_MS = 60_000;

describe('a line after `extend`', () => {
  it.each([
    ['', { id: null, byMs: null, reason: null }],
    ['30m', { id: null, byMs: 30 * MINUTE_MS, reason: null }],
    ['+30m', { id: null, byMs: 30 * MINUTE_MS, reason: null }],
    ['3fk2m9x', { id: '3fk2m9x', byMs: null, reason: null }],
    ['`3FK2m9x` 1h30m', { id: '3fk2m9x', byMs: 90 * MINUTE_MS, reason: null }],
    ['3fk2m9x 30m still repairing', { id: '3fk2m9x', byMs: 30 * MINUTE_MS, reason: 'still repairing' }],
    ['30m still repairing', { id: null, byMs: 30 * MINUTE_MS, reason: 'still repairing' }],
    ['abcdefghijkl', { id: 'abcdefghijkl', byMs: null, reason: null }],
    ['abcdefghijkl 5m', { id: 'abcdefghijkl', byMs: 5 * MINUTE_MS, reason: null }],
    ['still repairing', { id: null, byMs: null, reason: 'still repairing' }],
    ['30', { bad: '30' }],
    ['-5m', { bad: '-5m' }],
    ['3fk2m9x 30mins', { id: '3fk2m9x', byMs: 30 * MINUTE_MS, reason: null }],
    ['1h30m', { id: null, byMs: 90 * MINUTE_MS, reason: null }],
    ['1h 30m still repairing', { id: null, byMs: 90 * MINUTE_MS, reason: 'still repairing' }],
    ['by 1 h 30 min, still repairing', { id: null, byMs: 90 * MINUTE_MS, reason: 'still repairing' }],
    ['30m "until 18:00 it is broken"', { id: null, byMs: 30 * MINUTE_MS, reason: 'until 18:00 it is broken' }],
    ['30m 15m', { bad: '30m' }],
    ['1h 30 still', { bad: '30' }],
    ['until 18:00', { bad: 'until' }],
    ['30m until 18:00 x', { bad: 'until' }],
  ])('%s', (text, read) => expect(readExtendLine(text)).toEqual(read));
});

describe('the button for more time', () => {
  it('says whole minutes as minutes, and anything else as a duration', () => {
    const grant = { id: 'g1', extensions: 2 };
    expect(extendButton(grant, 30 * MINUTE_MS).text.text).toBe('+30 min');
    expect(extendButton(grant, 12 * MINUTE_MS).text.text).toBe('+12 min');
    expect(extendButton(grant, 90_000).text.text).toBe('+1m30s');
  });
  it('carries the grant and which of its ends was shown; anything else fits no end', () => {
    expect(readExtendValue(extendButton({ id: 'g1', extensions: 2 }, MINUTE_MS).value ?? '')).toEqual({
      id: 'g1',
      deadline: 2,
    });
    for (const value of ['g1', 'g1:', 'g1:x', 'g1:-1', 'g1:1e9'])
      expect(readExtendValue(value)).toEqual({ id: 'g1', deadline: -1 });
  });
});
