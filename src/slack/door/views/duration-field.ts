/** How long: a field where any duration can be typed, and usual ones as buttons below it. */
import type { Button, InputBlock, KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Role, Target } from '../../../domain/policy/types.ts';
import { OPTION_TEXT_MAX } from '../../messages/render/limits.ts';
import type { Choice } from '../context.ts';
import { blockId, FIELD, PICKS_MAX } from './form-state.ts';
import type { FormState } from './form-state.ts';
import { text } from './texts.ts';

const MINUTE_MS = 60_000;
const STEPS_MS = [5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_440, 2_880, 4_320, 10_080].map(
  (minutes) => minutes * MINUTE_MS,
);
/** What most people want, so that few buttons do. */
const PICKS_MS = [15, 30, 60, 120, 240, 480, 1_440, 4_320, 10_080].map((minutes) => minutes * MINUTE_MS);
const TYPED_MAX = 40;

/** Usual lengths up to the role's cap, with the default and the cap always among them. */
export const durationChoices = (role: Role): Choice[] => {
  const lengths = new Set([...STEPS_MS.filter((ms) => ms <= role.maxMs), role.defaultMs, role.maxMs]);
  return [...lengths]
    .sort((a, b) => a - b)
    .map((ms) => {
      const words = formatDuration(ms);
      return { text: `${words}${noteOf(role, ms, ', ')}`, value: words };
    });
};

const noteOf = ({ defaultMs, maxMs }: Role, ms: number, between: string): string => {
  const notes = [ms === defaultMs ? 'usual' : '', ms === maxMs ? 'max' : ''].filter(Boolean);
  return notes.length > 0 ? ` (${notes.join(between)})` : '';
};

/** The usual one, the longest, and of the others those that are nearest to the usual one. */
const quickPicks = (role: Role): number[] => {
  const { defaultMs, maxMs } = role;
  const always = new Set([defaultMs, maxMs]);
  const distance = (ms: number): number => Math.abs(Math.log(ms / defaultMs));
  const others = PICKS_MS.filter((ms) => ms < maxMs && !always.has(ms)).sort((a, b) => distance(a) - distance(b));
  return [...always, ...others.slice(0, PICKS_MAX - always.size)].sort((a, b) => a - b);
};

const pickButton = (role: Role, { ms, at, chosenMs }: { ms: number; at: number; chosenMs: number | null }): Button => ({
  type: 'button',
  text: text(`${formatDuration(ms)}${noteOf(role, ms, ', ')}`, OPTION_TEXT_MAX),
  action_id: FIELD.picks[at] ?? FIELD.duration,
  value: formatDuration(ms),
  ...(ms === chosenMs ? { style: 'primary' } : {}),
});

/** The block has another id after each pick: Slack keeps what was typed while it stays the same. */
export const durationBlocks = (
  { target, role }: { target: Target; role: Role },
  { durationMs, typedDuration, picks }: Pick<FormState, 'durationMs' | 'typedDuration' | 'picks'>,
): KnownBlock[] => {
  const chosenMs = typedDuration && durationMs === null ? null : (durationMs ?? role.defaultMs);
  const field: InputBlock = {
    type: 'input',
    block_id: blockId.duration(target.name, role.name, picks),
    dispatch_action: true,
    label: text('For how long'),
    hint: text(
      `Like 20m, 1h or 1h30m; at most ${formatDuration(role.maxMs)}. The time starts when access is ready.`,
      150,
    ),
    element: {
      type: 'plain_text_input',
      action_id: FIELD.duration,
      max_length: TYPED_MAX,
      initial_value: (typedDuration ?? formatDuration(durationMs ?? role.defaultMs)).slice(0, TYPED_MAX),
      dispatch_action_config: { trigger_actions_on: ['on_character_entered'] },
    },
  };
  const buttons = quickPicks(role).map((ms, at) => pickButton(role, { ms, at, chosenMs }));
  return [field, { type: 'actions', block_id: 'picks', elements: buttons }];
};
