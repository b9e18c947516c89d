/** Small pieces of the home tab: bars that run down, headings, figures. */
import type { Button, KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import type { LastWeek } from '../../../application/queries/last-week.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { actions } from '../../messages/render/buttons.ts';
import { HEADER_TEXT_MAX, SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { cut, plain, section } from '../../messages/render/text.ts';

const BAR_PARTS = 12;
const MINUTE_MS = 60_000;

/** How much of the time is left: full at the start, and never empty while there is any. */
export const bar = (left: number): string => {
  const parts = Math.min(BAR_PARTS, Math.max(0, Math.ceil(left * BAR_PARTS)));
  return `${'▰'.repeat(parts)}${'▱'.repeat(BAR_PARTS - parts)}`;
};

/** Whole minutes, and seconds in the last one. */
const leftWords = (leftMs: number): string =>
  leftMs >= MINUTE_MS ? formatDuration(Math.ceil(leftMs / MINUTE_MS) * MINUTE_MS) : `${Math.ceil(leftMs / 1_000)}s`;

/** `▰▰▰▰▰▱▱▱▱▱▱▱ *12m left*` of access that is active. */
export const countdown = ({ activatedAt, expiresAt, durationMs }: Grant, endsAt: Date | null, now: Date): string => {
  const end = endsAt ?? expiresAt;
  const leftMs = Math.max(0, end.getTime() - now.getTime());
  const wholeMs = activatedAt ? end.getTime() - activatedAt.getTime() : durationMs;
  return `${bar(wholeMs > 0 ? leftMs / wholeMs : 0)}  *${leftWords(leftMs)} left*`;
};

export const heading = (words: string): KnownBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: plain(words, HEADER_TEXT_MAX), emoji: false },
});

export const entry = (lines: readonly (string | null)[], buttons: readonly Button[]): KnownBlock[] => [
  section(cut(lines.filter((line) => line !== null && line !== '').join('\n'), SECTION_TEXT_MAX)),
  ...(buttons.length > 0 ? [actions(...buttons)] : []),
];

const wait = (medianWaitMs: number | null): string =>
  medianWaitMs === null
    ? '–'
    : medianWaitMs < MINUTE_MS
      ? '<1m'
      : formatDuration(Math.round(medianWaitMs / MINUTE_MS) * MINUTE_MS);

/** Four figures side by side. */
export const weekBlock = ({ requests, medianWaitMs, breakGlass, lateEnds }: LastWeek): KnownBlock => ({
  type: 'section',
  fields: [
    `*${requests}*\n${pluralize(requests, 'request').replace(/^\d+ /, '')}`,
    `*${wait(medianWaitMs)}*\nmedian wait for approval`,
    `*${breakGlass}*\nby break-glass`,
    `*${lateEnds}*\nended late`,
  ].map((words) => ({ type: 'mrkdwn', text: words, verbatim: true })),
});
