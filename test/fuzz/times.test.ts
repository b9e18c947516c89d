/** Times, durations and days as people type them. */
import { describe } from 'vitest';
import { isDomainError } from '../../src/domain/errors.ts';
import { parseDuration } from '../../src/domain/time/durations.ts';
import { resolveStart, startAt, startWithin } from '../../src/domain/time/start.ts';
import { tokensOf } from '../../src/domain/time/tokens.ts';
import { readTypedDuration } from '../../src/domain/time/typed-duration.ts';
import { readUntil } from '../../src/domain/time/until.ts';
import { claim } from './claims.ts';
import { fuzz } from './door.ts';
import { textsLike } from './texts.ts';

const now = new Date('2026-10-24T20:00:00Z');
const timezones = ['Europe/Berlin', 'UTC'];
const WORDS = [
  ...['from', 'until', 'for', 'in', 'at', 'on', 'next', 'this', 'tomorrow', 'today', 'tonight', 'noon', 'midnight'],
  ...['Monday', 'fri', 'Sunday', '22:00', '9am', '9:30', 'pm', '12.30', '2026-12-24', '24.12.', '24/12', 'Dec', '24th'],
  ...['UTC', 'CET', 'CEST', 'PST', 'Europe/Berlin', '+02:00', '-0530', 'Z', 'local', 'my', 'time', 'half', 'an', 'a'],
  ...[
    '1h',
    '30m',
    '2 h',
    '90',
    'minutes',
    'hour',
    'days',
    'weeks',
    'and',
    'PT1H',
    'P1D',
    '1.5h',
    '1,5',
    'h',
    'quarter',
  ],
];
const SEEDS = [
  ...['30m', '1h30m', '1 hour and 30 minutes', 'half an hour', 'PT1H30M', '1.5h', '2 days', '90 min', 'an hour'],
  ...['from 22:00', 'from tomorrow 9am', 'from Monday 9:00 Europe/Berlin', 'from in 2h', 'from 2026-10-25 02:30 CET'],
  ...[
    'until Friday',
    'until 2026-12-24',
    'until tomorrow 14:00',
    '3d',
    'until next Monday noon',
    'until 24th Dec 2026',
  ],
];
const texts = textsLike({ seeds: SEEDS, words: WORDS });

describe('times', () => {
  fuzz({
    name: 'typed duration',
    share: 64,
    inputs: texts,
    run: (text) => {
      const ms = readTypedDuration(text);
      if (ms !== null) claim(Number.isSafeInteger(ms) && ms > 0).toBe(true);
    },
  });
  fuzz({
    name: 'duration of the policy',
    share: 40,
    inputs: texts,
    run: (text) => {
      try {
        const ms = parseDuration(text);
        claim(Number.isSafeInteger(ms) && ms > 0).toBe(true);
      } catch (error) {
        if (!isDomainError(error)) throw error;
      }
    },
  });
  fuzz({
    name: 'start',
    share: 55,
    inputs: texts,
    run: (text) => {
      const tokens = tokensOf(text);
      startWithin(tokens);
      const read = startAt(tokens, 0);
      if (read.outcome !== 'read') return;
      try {
        claim(resolveStart(read.wish, { now, timezones })).toBeInstanceOf(Date);
      } catch (error) {
        if (!isDomainError(error)) throw error;
      }
    },
  });
  fuzz({
    name: 'until',
    share: 60,
    inputs: texts,
    run: (text) => {
      try {
        const read = readUntil(text, { now, timezone: 'Europe/Berlin' });
        if ('until' in read) claim(read.until.getTime()).toBeGreaterThan(now.getTime());
      } catch (error) {
        if (!isDomainError(error)) throw error;
      }
    },
  });
});
