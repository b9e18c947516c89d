/** The request form was sent: asks, and answers under the fields, or in a view on top when the answer takes too long. */
import { isDomainError } from '../../../domain/errors.ts';
import type { RequestField } from '../../../domain/policy/verdict.ts';
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import { newId } from '../../../lib/ids.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { explainError, forField, overrideHint } from '../../errors.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import { plain } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import { withinMs } from '../../../lib/timeout.ts';
import { ANSWER_WITHIN_MS } from './answer-submit.ts';
import { blockId, readForm, REQUEST_FORM } from './form-state.ts';
import type { FormState } from './form-state.ts';
import { notSentView, sendingView, sentView } from './result-view.ts';
import { deliveryKey } from '../delivered-once.ts';

const AGAIN = { line: 'form', label: 'Request access' };

/** What the person is shown: sent, or sentences by field. */
type Outcome =
  | { isSent: true; result: Extract<CreateRequestResult, { outcome: 'sent' }> }
  | { isSent: false; problems: Problem[] };
type Field = RequestField | 'start' | 'publicKey';
type Problem = { field: Field; sentence: string };

export const requestSubmit: ViewHandler = {
  callbackId: REQUEST_FORM,
  run: async (call) => {
    call.slack.turns.begin(call.view.id);
    const state = readForm(call.slack.policy(), call.view);
    const missing = missingFields(state);
    if (missing.length > 0) return call.ack({ response_action: 'errors', errors: underFields(state, missing) });
    const asking = askFor(call, state);
    const soon = await withinMs(asking, ANSWER_WITHIN_MS);
    return soon.isThere ? answer(call, state, soon.value) : answerLate(call, asking);
  },
};

const missingFields = ({ target, role, durationMs, typedDuration }: FormState): Problem[] => {
  if (!target) return [{ field: 'target', sentence: 'Choose a target.' }];
  if (!role) return [{ field: 'role', sentence: 'Choose a role.' }];
  if (!typedDuration || durationMs !== null) return [];
  const said = plain(typedDuration, 40);
  return [{ field: 'duration', sentence: `“${said}” is no duration. Write it like 20m, 1h or 1h30m.` }];
};

const askFor = async ({ slack, userId, view }: SubmitCall, state: FormState): Promise<Outcome> => {
  try {
    if (state.publicKey) await slack.useCases.setPublicKey({ userId, text: state.publicKey });
    const result = await slack.useCases.createRequest({
      userId,
      target: state.target?.name ?? '',
      role: state.role?.name ?? '',
      durationMs: state.durationMs,
      reason: state.reason,
      ticket: state.ticket || null,
      start: state.startsAt && { kind: 'at', at: state.startsAt },
      incidentChannelId: state.room?.channelId ?? null,
      alert: state.alertId ? { id: state.alertId, isAutomatic: false } : null,
      idempotencyKey: deliveryKey('view', view.id),
    });
    if (result.outcome === 'sent') return { isSent: true, result };
    if (result.outcome === 'denied')
      return {
        isSent: false,
        problems: [{ field: 'role', sentence: `${sentenceOfDenial(result.verdict)}${overrideHint(result.override)}` }],
      };
    const problems = result.problems.map((problem) => ({ field: problem.field, sentence: sentenceOfProblem(problem) }));
    return { isSent: false, problems };
  } catch (error) {
    return { isSent: false, problems: [{ field: fieldOf(error), sentence: explainError(error, slack.log) }] };
  }
};

const fieldOf = (error: unknown): Field => {
  if (!isDomainError(error)) return 'role';
  if (error.code === 'bad_public_key') return 'publicKey';
  return error.code.startsWith('start_') ? 'start' : 'role';
};

const blockOf = ({ target, role, picks }: FormState, field: Field): string => {
  const blocks = {
    target: blockId.target,
    role: target ? blockId.role(target.name) : blockId.target,
    duration: target && role ? blockId.duration(target.name, role.name, picks) : blockId.target,
    reason: blockId.reason,
    ticket: blockId.ticket,
    start: blockId.start,
    publicKey: blockId.publicKey,
  } satisfies Record<Field, string>;
  return blocks[field];
};

const underFields = (state: FormState, problems: Problem[]): Record<string, string> => {
  const errors: Record<string, string> = {};
  for (const { field, sentence } of problems) {
    const block = blockOf(state, field);
    errors[block] = errors[block] ? `${errors[block]} ${forField(sentence)}` : forField(sentence);
  }
  return errors;
};

const answer = (call: SubmitCall, state: FormState, outcome: Outcome): Promise<void> =>
  outcome.isSent
    ? call.ack({ response_action: 'update', view: sentView(call.slack.policy(), outcome.result) })
    : call.ack({ response_action: 'errors', errors: underFields(state, outcome.problems) });

/** The form stays below, untouched; only the view on top says how it went. */
const answerLate = async (call: SubmitCall, asking: Promise<Outcome>): Promise<void> => {
  const externalId = `sending-${newId()}`;
  await call.ack({ response_action: 'push', view: sendingView(externalId) });
  const outcome = await asking;
  const view = outcome.isSent
    ? { ...sentView(call.slack.policy(), outcome.result), clear_on_close: true }
    : notSentView(outcome.problems.map(({ sentence }) => sentence));
  try {
    await call.slack.client.views.update({ external_id: externalId, view });
  } catch (error) {
    // Closed meanwhile. A sent request has its direct message anyway; a refusal must not be lost.
    if (!outcome.isSent)
      await call.reply(answerWith(outcome.problems.map(({ sentence }) => sentence).join(' '), sayButtons([AGAIN])));
    call.slack.log.info({ err: error }, 'the sending view was gone when the answer came');
  }
};
