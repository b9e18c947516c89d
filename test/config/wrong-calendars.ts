/** Windows and freezes that are wrong in one place, with the code, the line and part of the sentence that is expected. */
import { changed, withTop } from './made.ts';
import type { Wrong } from './made.ts';

const window = (text: string): string => withTop(`windows:\n  night: ${text}`);
const freeze = (text: string): string => withTop(`freezes:\n  year-end: ${text}`);
const when = (condition: string): string => changed('  - name: Rest\n', `  - name: Rest\n    when: '${condition}'\n`);

export const WRONG_CALENDARS: Wrong[] = [
  [
    'a window on a day that is none',
    window('{ days: [monday], from: "22:00", to: "02:00" }'),
    'bad_value',
    21,
    'mon, tue',
  ],
  ['a window on no day', window('{ days: [], from: "22:00", to: "02:00" }'), 'bad_size', 21, 'is empty'],
  [
    'a window without quotes that YAML reads as a number',
    window('{ from: 22, to: "02:00" }'),
    'wrong_type',
    21,
    'in quotes',
  ],
  ['a window at a time that is none', window('{ from: "25:00", to: "02:00" }'), 'bad_value', 21, '"00:00" to "24:00"'],
  ['a window without its end', window('{ from: "22:00" }'), 'missing_key', 21, '"to" is missing'],
  ['a window without length', window('{ from: "22:00", to: "22:00" }'), 'bad_window', 21, 'has no length'],
  ['a window from the end of a day', window('{ from: "24:00", to: "02:00" }'), 'bad_window', 21, 'has no length'],
  ['a freeze without a reason', freeze('{ from: 2026-12-20, to: 2027-01-04 }'), 'bad_freeze', 21, '"why" is missing'],
  ['a freeze by nothing', freeze('{ why: x }'), 'bad_freeze', 21, '"from" is missing'],
  ['a freeze by a calendar that is not there', freeze('{ ics: /nowhere/a.ics }'), 'bad_calendar', 21, 'is not there'],
  [
    'a freeze by a calendar and a day',
    freeze('{ ics: /nowhere/a.ics, from: 2026-12-20 }'),
    'useless_key',
    21,
    'by a calendar',
  ],
  [
    'a freeze that ends first',
    freeze('{ from: 2027-01-04, to: 2026-12-20, why: x }'),
    'bad_freeze',
    21,
    'would never hold',
  ],
  [
    'a freeze of one day that has no length',
    freeze('{ from: 2026-12-24, to: 2026-12-24, why: x }'),
    'bad_freeze',
    21,
    'first day after',
  ],
  [
    'a freeze on a day that is none',
    freeze('{ from: 2026-02-30, to: 2027-01-04, why: x }'),
    'bad_freeze',
    21,
    'is no day or time',
  ],
  ['a freeze in words', freeze('{ from: tomorrow, to: 2027-01-04, why: x }'), 'bad_value', 21, 'a day or a time'],
  ['a window that is none', when('"nihgt" in windows'), 'unknown_window', 18, 'none of the windows'],
  ['a freeze that is none', when('!("year-end" in freezes)'), 'unknown_freeze', 18, 'none of the freezes'],
];
