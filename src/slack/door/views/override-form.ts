/** The override of a freeze is confirmed in a view: what was denied, because of what it is overridden, and why. */
import type { KnownBlock, ModalView } from '@slack/types';
import { freezeSentences } from '../../../domain/policy/calendar.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { OverrideCause } from '../../../domain/requests/origin.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import type { OverrideChoices } from '../../../application/break-glass/override-freeze.ts';
import {
  OPTION_TEXT_MAX,
  REASON_SHOWN_MAX,
  SECTION_TEXT_MAX,
  VOTE_REASON_SHOWN_MAX,
} from '../../messages/render/limits.ts';
import { warning, what, whoMayApprove } from '../../messages/render/phrases.ts';
import { status } from '../../messages/render/status.ts';
import { context, cut, inline, mention, plain, said, section } from '../../messages/render/text.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import type { Slack, SubmitCall, ViewHandler } from '../context.ts';
import { answerWithView, refusedBy } from './answer-submit.ts';
import type { Done, Refused } from './answer-submit.ts';
import { text } from './texts.ts';

const OVERRIDE_FORM = 'override_form';
const CAUSE = 'cause';
const REASON = 'reason';
const JOB_FACTS_MAX = 200;

/** Slack: docs.slack.dev/reference/block-kit/composition-objects/option-object: a value has at most 150 characters. */
const valueOf = ({ kind, id }: Pick<OverrideCause, 'kind' | 'id'>): string => `${kind} ${id}`;

const optionOf = (cause: OverrideCause) => ({
  text: text(
    plain(cause.kind === 'incident' ? `Incident #${cause.title}` : `Alert: ${cause.title}`, OPTION_TEXT_MAX),
    OPTION_TEXT_MAX,
  ),
  value: valueOf(cause),
});

const jobLine = ({ frozen: { job } }: OverrideChoices): string | null => {
  if (job === null) return null;
  const parts = [job.repository, job.workflow, job.ref, job.sha.slice(0, 12), job.actor].filter((part) => part !== '');
  return inline(parts.join(' · '), JOB_FACTS_MAX);
};

const introduction = (policy: Policy, choices: OverrideChoices): KnownBlock[] => {
  const { frozen } = choices;
  const facts = factsOf(policy, frozen);
  const lines = [
    `${mention(frozen.requester)} requested ${what({ request: frozen }, facts)} for *${formatDuration(frozen.durationMs)}*: ${said(frozen.reason, REASON_SHOWN_MAX / 5)}`,
    jobLine(choices),
    ...freezeSentences(policy, frozen.freezes, new Date()).map((line) => inline(line, VOTE_REASON_SHOWN_MAX)),
    '• You override it for this request alone. Its rule still decides, and you do not count as its approver.',
    '• A follow-up is due: reviewers say whether your override was justified. Everything is recorded.',
    warning(facts),
  ].filter((line) => line !== null);
  return [section(cut(lines.join('\n'), SECTION_TEXT_MAX))];
};

type Choosing = { choices: OverrideChoices; channelId: string | null };

const overrideForm = (policy: Policy, { choices, channelId }: Choosing): ModalView => {
  const options = choices.causes.map(optionOf);
  const here = choices.causes.findIndex((one) => one.kind === 'incident' && one.channelId === channelId);
  const chosen = options[here];
  return {
    type: 'modal',
    callback_id: OVERRIDE_FORM,
    private_metadata: `${choices.frozen.id}:${choices.shown}`,
    title: text('Override a freeze?'),
    submit: text('Override'),
    close: text('Back'),
    blocks: [
      ...introduction(policy, choices),
      {
        type: 'input',
        block_id: CAUSE,
        label: text('Because of', 50),
        element: {
          type: 'static_select',
          action_id: CAUSE,
          options,
          ...(chosen && { initial_option: chosen }),
        },
      },
      {
        type: 'input',
        block_id: REASON,
        label: text('Why it cannot wait', 50),
        element: { type: 'plain_text_input', action_id: REASON, multiline: true, max_length: VOTE_REASON_SHOWN_MAX },
      },
      context('Reviewers judge the override by what you write here.'),
    ],
  };
};

type Opening = { userId: string; triggerId: string; id: string; channelId: string | null };

/** What is thrown is the answer to the command: the view opens only where something can be overridden. */
export const openOverrideForm = async (slack: Slack, { userId, triggerId, id, channelId }: Opening): Promise<void> => {
  const choices = await slack.useCases.overrideChoices({ userId, id });
  await slack.client.views.open({
    trigger_id: triggerId,
    view: overrideForm(slack.policy(), { choices, channelId }),
  });
};

const causeIn = ({ values }: SubmitCall['view']): Pick<OverrideCause, 'kind' | 'id'> | null => {
  const [kind = '', id = ''] = (values[CAUSE]?.[CAUSE]?.selected_option?.value ?? '').split(' ');
  return kind === 'incident' || kind === 'alert' ? { kind, id } : null;
};

const doneView = (lines: readonly string[]): ModalView => ({
  type: 'modal',
  title: text('Freeze overridden'),
  close: text('Close'),
  blocks: [section(cut(lines.join('\n'), SECTION_TEXT_MAX))],
});

const refused = (sentence: string): Refused => ({ field: REASON, sentence });

const override = async ({ slack, userId, view }: SubmitCall): Promise<Refused | Done> => {
  const [id = '', shown = ''] = view.privateMetadata.split(':');
  try {
    const result = await slack.useCases.overrideFreeze({
      userId,
      id,
      shown,
      because: causeIn(view),
      reason: view.values[REASON]?.[REASON]?.value ?? '',
    });
    if (result.outcome === 'unclear') return refused(result.problems.map(sentenceOfProblem).join(' '));
    if (result.outcome === 'denied') return refused(sentenceOfDenial(result.verdict));
    if (result.outcome === 'refused')
      return refused(`The request itself cannot be sent: ${result.problems.map(sentenceOfProblem).join(' ')}`);
    const { request, requester } = result.view;
    const facts = factsOf(slack.policy(), request);
    const lines = [
      `Overridden for this request: ${what(result.view, facts)} for ${mention(requester)}.`,
      status(result.view),
      ...(request.state === 'pending' ? [whoMayApprove(result.view, facts)] : []),
    ];
    return { text: lines.join('\n'), view: doneView(lines) };
  } catch (error) {
    return refusedBy(error, { slack, field: REASON });
  }
};

export const overrideSubmit: ViewHandler = {
  callbackId: OVERRIDE_FORM,
  run: (call) => answerWithView(call, override(call)),
};
