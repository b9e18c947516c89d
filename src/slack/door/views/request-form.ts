/** The request form as blocks. It is rendered from the policy alone, so it opens at once; the preview is filled in after. */
import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Policy, Role, Target } from '../../../domain/policy/types.ts';
import { INPUT_TEXT_MAX, OPTION_TEXT_MAX, SECTION_TEXT_MAX, SELECT_OPTIONS_MAX } from '../../messages/render/limits.ts';
import { actions, breakGlassButton } from '../../messages/render/buttons.ts';
import { context, cut, section } from '../../messages/render/text.ts';
import type { Choice } from '../context.ts';
import { durationBlocks } from './duration-field.ts';
import { blockId, FIELD, REQUEST_FORM, writeMetadata } from './form-state.ts';
import type { FormState } from './form-state.ts';
import { text } from './texts.ts';

const TICKET_MAX = 200;

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

/** A form is shown and searched at each stroke of a key, and a policy never changes: another one takes its place. */
const listed = new WeakMap<Policy, Choice[]>();

export const targetChoices = (policy: Policy): Choice[] => {
  const known = listed.get(policy) ?? Object.values(policy.targets).map(targetChoice);
  listed.set(policy, known);
  return known;
};
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

const wordsInputs = ({ reason, ticket }: FormState): InputBlock[] => [
  {
    type: 'input',
    block_id: blockId.reason,
    label: text('Reason'),
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

const startInput = ({ startsAt }: FormState): KnownBlock => ({
  type: 'input',
  block_id: blockId.start,
  optional: true,
  label: text('Start at'),
  hint: text('Leave it empty to begin as soon as it is approved.', OPTION_TEXT_MAX),
  element: {
    type: 'datetimepicker',
    action_id: FIELD.start,
    ...(startsAt ? { initial_date_time: Math.floor(startsAt.getTime() / 1000) } : {}),
  },
});

/** Folded away until somebody wants it. */
const laterButton = (): KnownBlock => ({
  type: 'actions',
  block_id: 'later',
  elements: [{ type: 'button', action_id: FIELD.later, value: 'later', text: text('Start later…', OPTION_TEXT_MAX) }],
});

const publicKeyInput = (): KnownBlock => ({
  type: 'input',
  block_id: blockId.publicKey,
  optional: true,
  label: text('SSH public key'),
  hint: text('The line of a file such as ~/.ssh/id_ed25519.pub. It is kept for your next access.', 150),
  element: {
    type: 'plain_text_input',
    action_id: FIELD.publicKey,
    max_length: INPUT_TEXT_MAX,
    placeholder: text('ssh-ed25519 AAAA…', OPTION_TEXT_MAX),
  },
});

export const PREVIEW_EMPTY = 'Choose a target and a role to see who approves.';
export const PREVIEW_LOADING = 'Looking up who approves…';
export const PREVIEW_BAD_DURATION = 'Write a duration like 20m, 1h or 1h30m to see who approves.';

const previewBlock = (lines: readonly string[]): KnownBlock => {
  const words = cut(lines.join('\n'), SECTION_TEXT_MAX);
  return { ...section(words), block_id: 'preview' };
};

const shell = (blocks: KnownBlock[], isSendable: boolean, metadata = ''): ModalView => ({
  type: 'modal',
  ...(metadata ? { private_metadata: metadata } : {}),
  callback_id: REQUEST_FORM,
  title: text('Request access'),
  close: text('Cancel'),
  ...(isSendable ? { submit: text('Request access') } : {}),
  blocks,
});

export const loadingForm = (): ModalView => shell([section('Loading…')], false);

const BREAK_GLASS_HINT =
  'No time to wait? Break-glass gives access at once. Approvers are notified, and it is reviewed.';
const NO_TARGETS = 'There is nothing to request yet: the policy has no targets. An admin adds them in `latchkey.yml`.';

/** Who decides, and what depends on the requester: break-glass where the policy lets them take it, and a key where none is known. */
export type Preview = { lines: readonly string[]; mayBreakGlass?: boolean; needsPublicKey?: boolean };

const pickers = (policy: Policy, { target, role }: FormState): KnownBlock[] => {
  const ids = { list: FIELD.target, search: FIELD.targetSearch };
  const choices = targetChoices(policy);
  const first = picker({ label: 'Target', block: blockId.target, ids, choices, chosen: target?.name ?? null });
  if (!target) return [first];
  const roleIds = { list: FIELD.role, search: FIELD.roleSearch };
  const [block, roles] = [blockId.role(target.name), roleChoices(target)];
  return [first, picker({ label: 'Role', block, ids: roleIds, choices: roles, chosen: role?.name ?? null })];
};

export const requestForm = (policy: Policy, state: FormState, preview: Preview): ModalView => {
  if (Object.keys(policy.targets).length === 0) return shell([section(NO_TARGETS)], false);
  const { target, role, room } = state;
  const blocks: KnownBlock[] = [
    ...(room?.isIncident ? [context(`For the incident in <#${room.channelId}>.`)] : []),
    ...pickers(policy, state),
    ...(target && role ? durationBlocks({ target, role }, state) : []),
    previewBlock(preview.lines),
    ...wordsInputs(state),
    ...(preview.needsPublicKey ? [publicKeyInput()] : []),
    state.isLater || state.startsAt ? startInput(state) : laterButton(),
    ...(preview.mayBreakGlass
      ? [{ type: 'divider' } as const, actions(breakGlassButton()), context(BREAK_GLASS_HINT)]
      : []),
  ];
  return shell(blocks, true, writeMetadata(state));
};
