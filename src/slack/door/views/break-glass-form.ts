/** Break-glass asks once: a view that says what will happen, who is notified, and that a review follows. */
import type { Button, KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { BreakGlassPreview, BreakGlassResult } from '../../../application/break-glass/break-glass.ts';
import { typed } from '../commands/command.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import {
  INPUT_TEXT_MAX,
  OPTION_TEXT_MAX,
  SECTION_TEXT_MAX,
  VOTE_REASON_SHOWN_MAX,
} from '../../messages/render/limits.ts';
import { oneOf, remainLines, ruleName, warning, what } from '../../messages/render/phrases.ts';
import { context, cut, inline, section, sentenceList } from '../../messages/render/text.ts';
import { slackFailureOf } from '../../connection/failures.ts';
import type { Slack, SubmitCall, ViewHandler } from '../context.ts';
import { explainError, forField } from '../../errors.ts';
import { sentenceOfProblem } from '../../sentences/problems.ts';
import { stepsAfter } from '../../next-steps.ts';
import { answerWith } from '../answer.ts';
import { withinMs } from '../../../lib/timeout.ts';
import { ANSWER_WITHIN_MS } from './answer-submit.ts';
import { sentView } from './result-view.ts';
import { text } from './texts.ts';
import { deliveryKey } from '../delivered-once.ts';

const BREAK_GLASS_FORM = 'break_glass_form';
const REASON = 'reason';
const TICKET = 'ticket';
const TICKET_MAX = 200;
/** What a trigger of three seconds leaves for looking up who may, before the view is opened. */
const LOOK_WITHIN_MS = 1_500;

/** What the view is about. Read back from Slack as if from anyone: the use case judges all of it again. */
const subject = z.object({
  target: z.string(),
  role: z.string(),
  durationMs: z.number().nullable(),
  incidentChannelId: z.string().nullable().default(null),
});
type Subject = z.infer<typeof subject>;
export type BreakGlassFacts = Subject & { reason: string; ticket: string | null };

const notifiedLine = (policy: Policy, preview: BreakGlassPreview | null): string => {
  const notified = (policy.breakGlass?.notify ?? []).map((name) => inline(name, OPTION_TEXT_MAX));
  const skipped = (preview?.skipped ?? []).map((one) => oneOf({ ...one, people: [] }).replace(/^(one|\d+) of /, ''));
  const approvers = preview ? skipped : ['everyone who would have had to approve'];
  return `• Notified now, with your reason: ${sentenceList([...new Set([...notified, ...approvers])])}.`;
};

const words = (policy: Policy, requested: BreakGlassFacts, preview: BreakGlassPreview | null): string[] => {
  const facts = factsOf(policy, requested);
  const reviewers = (policy.breakGlass?.reviewers ?? []).map((name) => inline(name, OPTION_TEXT_MAX));
  const within = formatDuration(policy.breakGlass?.reviewWithinMs ?? 0);
  const durationMs = preview?.durationMs ?? requested.durationMs;
  const no = preview?.overrides;
  const lines = [
    `You take ${what({ request: requested }, facts)}${durationMs ? ` for *${formatDuration(durationMs)}*` : ''} at once, *without approval*.`,
    preview?.blockedBy
      ? `*This will be refused:* a review of access you took before (grant \`${preview.blockedBy.grantId}\`) is overdue. Ask the reviewers to close it, or an admin to allow you: ${typed(`review allow @you`)}.`
      : null,
    preview?.needlessBy
      ? `*You do not need this:* rule ${ruleName(preview.needlessBy)} approves an ordinary request at once.`
      : null,
    no
      ? `• You override ${no.rule === null ? 'the policy' : `rule ${ruleName(no.rule)}`}, which says no: ${inline(no.message, VOTE_REASON_SHOWN_MAX)}`
      : null,
    notifiedLine(policy, preview),
    `• A review follows: ${sentenceList(reviewers, 'or')} say within ${within} whether it was justified. While one of yours is overdue you cannot use break-glass again.`,
    '• Everything is recorded.',
    warning(facts),
    ...(preview ? remainLines(preview) : []),
  ];
  return lines.filter((line) => line !== null);
};

const input = (
  id: string,
  label: string,
  element: { value: string; isMultiline: boolean; max: number },
): KnownBlock => ({
  type: 'input',
  block_id: id,
  optional: id === TICKET,
  label: text(label),
  element: {
    type: 'plain_text_input',
    action_id: id,
    multiline: element.isMultiline,
    max_length: element.max,
    ...(element.value ? { initial_value: element.value.slice(0, element.max) } : {}),
  },
});

const breakGlassForm = (policy: Policy, requested: BreakGlassFacts, preview: BreakGlassPreview | null): ModalView => ({
  type: 'modal',
  callback_id: BREAK_GLASS_FORM,
  private_metadata: JSON.stringify(subject.parse(requested)),
  title: text('Use break-glass?'),
  submit: text('Take access now'),
  close: text('Back'),
  blocks: [
    section(cut(words(policy, requested, preview).join('\n'), SECTION_TEXT_MAX)),
    input(REASON, 'Reason', { value: requested.reason, isMultiline: true, max: INPUT_TEXT_MAX }),
    input(TICKET, 'Ticket', { value: requested.ticket ?? '', isMultiline: false, max: TICKET_MAX }),
    context('Others judge this by what you write here.'),
  ],
});

type Opening = { userId: string; triggerId: string; requested: BreakGlassFacts };

/** A refusal that is known in time is thrown instead of a view that could only be refused later. */
export const openBreakGlass = async (
  slack: Slack,
  { userId, triggerId, requested }: Opening,
  method: 'open' | 'push',
): Promise<void> => {
  const looking = slack.useCases.previewBreakGlass({ userId, ...requested });
  const soon = await withinMs(looking, LOOK_WITHIN_MS);
  const view = breakGlassForm(slack.policy(), requested, soon.isThere ? soon.value : null);
  const opened = await slack.client.views[method]({ trigger_id: triggerId, view });
  const viewId = opened.view?.id;
  if (!soon.isThere && viewId) await fillLate(slack, viewId, { requested, looking });
};

type Late = { requested: BreakGlassFacts; looking: Promise<BreakGlassPreview> };

/** Slack keeps what was typed meanwhile, since the blocks are the same. A view that was sent or closed by then needs nothing more. */
const fillLate = async (slack: Slack, viewId: string, { requested, looking }: Late): Promise<void> => {
  const view = await looking.then(
    (preview) => breakGlassForm(slack.policy(), requested, preview),
    (error: unknown) => refusedView(explainError(error, slack.log)),
  );
  try {
    await slack.client.views.update({ view_id: viewId, view });
  } catch (error) {
    if (!slackFailureOf(error)) throw error;
    slack.log.warn({ err: error }, 'a break-glass view could not be filled in');
  }
};

const refusedView = (why: string): ModalView => ({
  type: 'modal',
  title: text('Break-glass'),
  close: text('Close'),
  blocks: [section(cut(why, SECTION_TEXT_MAX))],
});

type Taken =
  | { isTaken: true; result: Extract<BreakGlassResult, { outcome: 'sent' }> }
  | { isTaken: false; why: string; steps: readonly Button[] };

const take = async ({ slack, userId, view }: SubmitCall): Promise<Taken> => {
  try {
    const result = await slack.useCases.breakGlass({
      userId,
      ...subject.parse(JSON.parse(view.privateMetadata)),
      reason: view.values[REASON]?.[REASON]?.value ?? '',
      ticket: view.values[TICKET]?.[TICKET]?.value || null,
      idempotencyKey: deliveryKey('view', view.id),
    });
    if (result.outcome === 'sent') return { isTaken: true, result };
    return { isTaken: false, why: result.problems.map(sentenceOfProblem).join(' '), steps: [] };
  } catch (error) {
    return { isTaken: false, why: explainError(error, slack.log), steps: stepsAfter(error) };
  }
};

const lateView = (): ModalView => ({
  type: 'modal',
  title: text('Break-glass'),
  close: text('Close'),
  clear_on_close: true,
  blocks: [section('It is being set up. You get a direct message when it is ready.')],
});

export const breakGlassSubmit: ViewHandler = {
  callbackId: BREAK_GLASS_FORM,
  run: async (call) => {
    const taking = take(call);
    const soon = await withinMs(taking, ANSWER_WITHIN_MS);
    if (!soon.isThere) {
      await call.ack({ response_action: 'update', view: lateView() });
      const late = await taking;
      if (!late.isTaken) await call.reply(answerWith(late.why, late.steps));
      return;
    }
    const { value } = soon;
    await call.ack(
      value.isTaken
        ? { response_action: 'update', view: { ...sentView(call.slack.policy(), value.result), clear_on_close: true } }
        : { response_action: 'errors', errors: { [REASON]: forField(value.why) } },
    );
  },
};
