/** The request form as blocks. It is drawn from the policy alone, so it opens at once; the preview is filled in after. */
import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Policy, Role, Target } from '../../../domain/policy/types.ts';
import {
  INPUT_TEXT_MAX,
  OPTION_TEXT_MAX,
  SECTION_TEXT_MAX,
  SELECT_OPTIONS_MAX,
  VIEW_TITLE_MAX,
} from '../../messages/render/limits.ts';
import { actions, breakGlassButton } from '../../messages/render/buttons.ts';
import { context, cut, plain, section } from '../../messages/render/text.ts';
import type { Choice } from '../context.ts';
import { blockId, FIELD, REQUEST_FORM, writeMetadata } from './form-state.ts';
import type { FormState } from './form-state.ts';

const TICKET_MAX = 200;

export const text = (words: string, max = VIEW_TITLE_MAX) =>
  ({ type: 'plain_text', text: plain(words, max), emoji: false }) as const;

export const toOption = ({ text: words, value, description }: Choice): PlainTextOption => ({
  text: text(words, OPTION_TEXT_MAX),
  value,
  ...(description ? { description: text(description, OPTION_TEXT_MAX) } : {}),
});

const targetChoice = ({ name, title }: Target): Choice => ({
  text: title || name,
  value: name,
  description: title ? name : undefined,
});
const roleChoice = ({ name, title, maxMs }: Role): Choice => ({
  text: title || name,
  value: name,
  description: `${name}, at most ${formatDuration(maxMs)}`,
});

export const targetChoices = (policy: Policy): Choice[] => Object.values(policy.targets).map(targetChoice);
export const roleChoices = (target: Target): Choice[] => Object.values(target.roles).map(roleChoice);

type Picker = {
  label: string;
  block: string;
  ids: { list: string; search: string };
  choices: Choice[];
  chosen: string | null;
};

/** A list up to Slack's hundred options, a search beyond. */
const picker = ({ label, block, ids, choices, chosen }: Picker): InputBlock => {
  const initial = choices.find(({ value }) => value === chosen);
  const shared = {
    placeholder: text(choices.length > SELECT_OPTIONS_MAX ? 'Type to search' : 'Choose', OPTION_TEXT_MAX),
    ...(initial ? { initial_option: toOption(initial) } : {}),
  };
  return {
    type: 'input',
    block_id: block,
    dispatch_action: true,
    label: text(label),
    element:
      choices.length > SELECT_OPTIONS_MAX
        ? { type: 'external_select', action_id: ids.search, min_query_length: 0, ...shared }
        : { type: 'static_select', action_id: ids.list, options: choices.map(toOption), ...shared },
  };
};

const STEPS_MS = [5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_440, 2_880, 4_320, 10_080].map(
  (minutes) => minutes * 60_000,
);

/** Usual lengths up to the role's cap, with the default and the cap always among them. */
export const durationChoices = (role: Role): Choice[] => {
  const lengths = new Set([...STEPS_MS.filter((ms) => ms <= role.maxMs), role.defaultMs, role.maxMs]);
  return [...lengths]
    .sort((a, b) => a - b)
    .map((ms) => {
      const words = formatDuration(ms);
      const notes = [ms === role.defaultMs ? 'usual' : '', ms === role.maxMs ? 'the most' : '']
        .filter(Boolean)
        .join(', ');
      return { text: notes ? `${words} (${notes})` : words, value: words };
    });
};

const durationInput = (target: Target, role: Role, durationMs: number | null): InputBlock => {
  const choices = durationChoices(role);
  const wanted = formatDuration(durationMs ?? role.defaultMs);
  const initial =
    choices.find(({ value }) => value === wanted) ??
    choices.find(({ value }) => value === formatDuration(role.defaultMs));
  return {
    type: 'input',
    block_id: blockId.duration(target.name, role.name),
    dispatch_action: true,
    label: text('For how long'),
    hint: text('The clock starts when the access works, not now.', OPTION_TEXT_MAX),
    element: {
      type: 'static_select',
      action_id: FIELD.duration,
      options: choices.map(toOption),
      ...(initial ? { initial_option: toOption(initial) } : {}),
    },
  };
};

const wordsInputs = ({ reason, ticket }: FormState): InputBlock[] => [
  {
    type: 'input',
    block_id: blockId.reason,
    label: text('Why'),
    element: {
      type: 'plain_text_input',
      action_id: FIELD.reason,
      multiline: true,
      max_length: INPUT_TEXT_MAX,
      placeholder: text('What you will do, and why it needs production', OPTION_TEXT_MAX),
      ...(reason ? { initial_value: reason.slice(0, INPUT_TEXT_MAX) } : {}),
    },
  },
  {
    type: 'input',
    block_id: blockId.ticket,
    optional: true,
    label: text('Ticket'),
    element: {
      type: 'plain_text_input',
      action_id: FIELD.ticket,
      max_length: TICKET_MAX,
      placeholder: text('OPS-12'),
      ...(ticket ? { initial_value: ticket.slice(0, TICKET_MAX) } : {}),
    },
  },
];

const startInput = ({ startsAt }: FormState): InputBlock => ({
  type: 'input',
  block_id: blockId.start,
  optional: true,
  label: text('Not before'),
  hint: text('Leave it empty to begin as soon as it is approved.', OPTION_TEXT_MAX),
  element: {
    type: 'datetimepicker',
    action_id: FIELD.start,
    ...(startsAt ? { initial_date_time: Math.floor(startsAt.getTime() / 1000) } : {}),
  },
});

export const PREVIEW_EMPTY = 'Choose what you need, and you will see here who decides before anything is sent.';
export const PREVIEW_LOADING = 'Looking up who will be asked…';

const previewBlock = (lines: readonly string[]): KnownBlock => {
  const words = cut(lines.join('\n'), SECTION_TEXT_MAX);
  return { ...section(words), block_id: 'preview' };
};

const shell = (blocks: KnownBlock[], isSendable: boolean, metadata = ''): ModalView => ({
  type: 'modal',
  ...(metadata ? { private_metadata: metadata } : {}),
  callback_id: REQUEST_FORM,
  title: text('Ask for access'),
  close: text('Close'),
  ...(isSendable ? { submit: text('Send') } : {}),
  blocks,
});

export const loadingForm = (): ModalView => shell([section('Loading…')], false);

const BREAK_GLASS_HINT =
  'No time to wait? Break-glass gives it at once; everyone concerned is told, and it is reviewed.';
const NO_TARGETS =
  'There is nothing to ask for yet: the policy names no targets. An admin adds them in `latchkey.yml`.';

/** What stands below the fields; the button only where the policy lets this person take the role at once. */
export type Preview = { lines: readonly string[]; mayBreakGlass?: boolean };

export const requestForm = (policy: Policy, state: FormState, preview: Preview): ModalView => {
  const targets = targetChoices(policy);
  if (targets.length === 0) return shell([section(NO_TARGETS)], false);
  const { target, role } = state;
  const targetIds = { list: FIELD.target, search: FIELD.targetSearch };
  const roleIds = { list: FIELD.role, search: FIELD.roleSearch };
  const blocks: KnownBlock[] = [
    ...(state.room?.isIncident ? [context(`For the incident in <#${state.room.channelId}>.`)] : []),
    picker({ label: 'Target', block: blockId.target, ids: targetIds, choices: targets, chosen: target?.name ?? null }),
  ];
  if (target) {
    const chosen = role?.name ?? null;
    blocks.push(
      picker({ label: 'Role', block: blockId.role(target.name), ids: roleIds, choices: roleChoices(target), chosen }),
    );
  }
  if (target && role) blocks.push(durationInput(target, role, state.durationMs));
  blocks.push(...wordsInputs(state), startInput(state), { type: 'divider' }, previewBlock(preview.lines));
  if (role) blocks.push(context('Nothing is given before those named here have agreed. Everything is recorded.'));
  if (preview.mayBreakGlass) blocks.push(actions(breakGlassButton()), context(BREAK_GLASS_HINT));
  return shell(blocks, true, writeMetadata(state));
};
