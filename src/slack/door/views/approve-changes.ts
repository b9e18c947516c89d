/** The form of *Approve with changes*: the same target, a role that is no larger, a time that is no longer. */
import type { InputBlock, KnownBlock, ModalView } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import { isDomainError } from '../../../domain/errors.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import { smallerRoles } from '../../../domain/requests/smaller-role.ts';
import type { Policy, Role } from '../../../domain/policy/types.ts';
import type { Remains } from '../../../application/decisions/remains.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { readShownValue, shownValue } from '../../messages/render/buttons.ts';
import {
  OPTION_TEXT_MAX,
  SECTION_TEXT_MAX,
  SELECT_OPTIONS_MAX,
  VOTE_REASON_SHOWN_MAX,
} from '../../messages/render/limits.ts';
import { howLong, remainLines, what } from '../../messages/render/phrases.ts';
import { status } from '../../messages/render/status.ts';
import { context, cut, inline, mention, section } from '../../messages/render/text.ts';
import type { Choice, SubmitCall, ViewHandler } from '../context.ts';
import { answerSubmit, refusedBy } from './answer-submit.ts';
import type { Refused } from './answer-submit.ts';
import { durationChoices } from './duration-field.ts';
import { toOption } from './request-form.ts';
import { text } from './texts.ts';

const CHANGES_FORM = 'approve_changes_form';
const ROLE = 'role';
const DURATION = 'duration';
const NOTE = 'note';

const shell = (blocks: KnownBlock[]): ModalView => ({
  type: 'modal',
  title: text('Approve with changes'),
  close: text('Back'),
  blocks,
});

export const changesLoading = (): ModalView => shell([section('Loading…')]);
export const changesProblem = (sentence: string): ModalView => shell([section(cut(sentence, SECTION_TEXT_MAX))]);

const select = (id: string, label: string, { choices, chosen }: { choices: Choice[]; chosen: string }): InputBlock => {
  const initial = choices.find(({ value }) => value === chosen);
  return {
    type: 'input',
    block_id: id,
    label: text(label, OPTION_TEXT_MAX),
    element: {
      type: 'static_select',
      action_id: id,
      options: choices.map(toOption),
      ...(initial ? { initial_option: toOption(initial) } : {}),
    },
  };
};

const roleChoice = ({ name, title }: Role, requested: string): Choice => ({
  text: title || name,
  value: name,
  description: name === requested ? 'as requested' : name,
});

/** Lengths up to what was requested, which may be none of the usual ones. */
const lengths = (role: Role, askedMs: number): Choice[] => {
  const shorter = durationChoices(role).filter(({ value }) => (readTypedDuration(value) ?? 0) < askedMs);
  const requested = formatDuration(askedMs);
  return [...shorter, { text: `${requested} (as requested)`, value: requested }];
};

const note: InputBlock = {
  type: 'input',
  block_id: NOTE,
  optional: true,
  label: text('Why'),
  hint: text('The requester reads this, and it is kept.', OPTION_TEXT_MAX),
  element: { type: 'plain_text_input', action_id: NOTE, multiline: true, max_length: VOTE_REASON_SHOWN_MAX },
};

/** What may stay by role, where the roles that can be chosen differ in it. */
const remainSections = (roles: readonly Role[], remains: Record<string, Remains>): KnownBlock[] => {
  const each = roles.map((role) => ({ role, text: remainLines(remains[role.name] ?? NO_REMAINS).join('\n') }));
  const isOne = new Set(each.map(({ text: said }) => said)).size === 1;
  const lines = isOne
    ? [each[0]?.text ?? '']
    : each.map(({ role, text: said }) => (said ? `${inline(role.title || role.name, OPTION_TEXT_MAX)}: ${said}` : ''));
  const all = lines.filter(Boolean).join('\n');
  return all ? [section(cut(all, SECTION_TEXT_MAX))] : [];
};

const NO_REMAINS: Remains = { mayRemain: [], survives: null, terms: [] };

export const changesForm = (policy: Policy, view: RequestView, remains: Record<string, Remains>): ModalView => {
  const { request, requester } = view;
  const facts = factsOf(policy, request);
  const { target, role } = facts;
  if (request.state !== 'pending' || !target || !role) return changesProblem(status(view));
  const roles = smallerRoles(target, role.name).slice(-SELECT_OPTIONS_MAX);
  const choices = roles.map((one) => roleChoice(one, role.name));
  return {
    ...shell([
      section(cut(`${mention(requester)} requested ${what(view, facts)} for *${howLong(view)}*.`, SECTION_TEXT_MAX)),
      ...(roles.length > 1 ? [select(ROLE, 'Role', { choices, chosen: role.name })] : []),
      select(DURATION, 'For how long', {
        choices: lengths(role, request.durationMs),
        chosen: formatDuration(request.durationMs),
      }),
      ...remainSections(roles, remains),
      note,
      context(
        'What is chosen here is approved, when it is shorter or smaller than the request. The requester is notified of what changed, and may cancel.',
      ),
    ]),
    callback_id: CHANGES_FORM,
    private_metadata: shownValue(request),
    submit: text('Approve'),
  };
};

const ABOUT_ROLE: ReadonlySet<ErrorCode> = new Set([
  'change_wider_role',
  'change_sensitive',
  'change_more_people',
  'change_denied',
  'unknown_role',
]);

export const changesSubmit: ViewHandler = {
  callbackId: CHANGES_FORM,
  run: async (call) => {
    await answerSubmit(call, approve(call));
  },
};

/** null when it counted. */
const approve = async ({ slack, userId, view }: SubmitCall): Promise<Refused | null> => {
  const { values, privateMetadata } = view;
  const role = values[ROLE]?.[ROLE]?.selected_option?.value ?? null;
  const typed = values[DURATION]?.[DURATION]?.selected_option?.value ?? '';
  const said = values[NOTE]?.[NOTE]?.value?.trim() ?? '';
  try {
    await slack.useCases.approveWithChanges({
      userId,
      ...readShownValue(privateMetadata),
      role,
      durationMs: readTypedDuration(typed),
      note: said || null,
    });
    return null;
  } catch (error) {
    const isAboutRole = isDomainError(error) && ABOUT_ROLE.has(error.code) && role !== null;
    return refusedBy(error, { slack, field: isAboutRole ? ROLE : DURATION });
  }
};
