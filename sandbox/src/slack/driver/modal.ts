/** Submitting and closing modals, with what a client checks before it asks the app. */
import { DriverError, SlackError } from '../errors.ts';
import { isEmpty } from '../inputs.ts';
import { closedPayload, submissionPayload } from '../payloads.ts';
import type { Runtime } from '../runtime.ts';
import type { State } from '../state.ts';
import type { Json, StoredView } from '../types.ts';
import { closeModals, pushModal, readView, replaceView, stackOf } from '../views.ts';
import { nameOf } from './find.ts';

export type Submitted = {
  ok: boolean;
  /** By block id: from the app (response_action errors) or from the client (a required field). */
  errors: Record<string, string>;
  /** What the client would show above the buttons. */
  error?: string;
  /** False when the client itself refused, and the app was not asked. */
  wasSent: boolean;
};

const lengthProblem = (element: Json, written: string): string | undefined => {
  const { min_length: min, max_length: max } = element;
  if (typeof min === 'number' && written.length < min) {
    return `Please enter at least ${min} characters.`;
  }
  return typeof max === 'number' && written.length > max ? `Please enter no more than ${max} characters.` : undefined;
};

const formatProblem = (element: Json, written: string): string | undefined => {
  if (element.type === 'email_text_input' && !/^\S+@\S+\.\S+$/.test(written)) {
    return 'Please enter a valid email address.';
  }
  if (element.type === 'url_text_input' && !URL.canParse(written)) return 'Please enter a valid URL.';
  if (element.type !== 'number_input') return undefined;
  const number = Number(written);
  const isWhole = element.is_decimal_allowed === true || Number.isInteger(number);
  const isInside =
    number >= Number(element.min_value ?? Number.NEGATIVE_INFINITY) &&
    number <= Number(element.max_value ?? Number.POSITIVE_INFINITY);
  return Number.isNaN(number) || !isWhole || !isInside ? 'Please enter a valid number.' : undefined;
};

const clientErrors = (view: StoredView): Record<string, string> => {
  const errors: Record<string, string> = {};
  for (const block of view.blocks.filter((one) => one.type === 'input')) {
    const element = block.element as Json;
    const blockId = String(block.block_id);
    const value = view.values[blockId]?.[String(element.action_id)];
    if (isEmpty(value)) {
      if (block.optional !== true) errors[blockId] = 'Please complete this required field.';
      continue;
    }
    const written = typeof value?.value === 'string' ? value.value : undefined;
    if (written === undefined) continue;
    const found = lengthProblem(element, written) ?? formatProblem(element, written);
    if (found !== undefined) errors[blockId] = found;
  }
  return errors;
};

const topView = (state: State, userId: string, viewId: string | undefined): StoredView => {
  const top = stackOf(state, userId).at(-1);
  if (top === undefined) throw new DriverError(`${nameOf(state, userId)} has no open modal.`);
  if (viewId !== undefined && viewId !== top.id) {
    throw new DriverError(`The modal ${viewId} is not the one ${nameOf(state, userId)} sees on top.`);
  }
  return top;
};

/** Views taken off the stack; the app is notified of those that want it. */
const tellClosed = async (runtime: Runtime, gone: StoredView[], isCleared: boolean): Promise<void> => {
  const asked = gone.filter((view) => view.notifyOnClose);
  await Promise.all(asked.map((view) => runtime.delivery.interact(closedPayload(runtime, view, isCleared))));
};

const leave = (state: State, view: StoredView): void => {
  const stack = stackOf(state, view.userId);
  const index = stack.findIndex((one) => one.id === view.id);
  if (index >= 0) closeModals(state, view.userId, stack.length - index);
};

const accepted: Submitted = { ok: true, errors: {}, wasSent: true };

const withErrors = (state: State, view: StoredView, errors: Record<string, string>): Submitted => {
  const known = new Set(view.blocks.filter((one) => one.type === 'input').map((one) => one.block_id));
  const strange = Object.keys(errors).filter((blockId) => !known.has(blockId));
  view.errors = errors;
  state.emit({ type: 'modals_changed', userId: view.userId });
  // Slack shows "We had some trouble connecting" when no input block has such an id.
  const trouble = strange.length === 0 ? {} : { error: `no input block ${strange.join(', ')}` };
  return { ok: false, errors, wasSent: true, ...trouble };
};

const follow = async (runtime: Runtime, view: StoredView, answer: Json): Promise<Submitted> => {
  const { state } = runtime;
  switch (answer.response_action) {
    case undefined:
      leave(state, view);
      return accepted;
    case 'errors':
      return withErrors(state, view, answer.errors as Record<string, string>);
    case 'clear':
      await tellClosed(runtime, closeModals(state, view.userId, Number.POSITIVE_INFINITY), true);
      return accepted;
    case 'update':
      replaceView(state, view, readView(state, answer.view, 'modal'));
      return accepted;
    case 'push':
      pushModal(state, view.userId, readView(state, answer.view, 'modal'));
      return accepted;
    default:
      return { ok: false, errors: {}, wasSent: true, error: 'unknown response_action' };
  }
};

export const submit = async (runtime: Runtime, userId: string, viewId?: string): Promise<Submitted> => {
  const { state } = runtime;
  const view = topView(state, userId, viewId);
  if (view.submit === null) throw new DriverError('This modal has no submit button.');
  const errors = clientErrors(view);
  view.errors = errors;
  state.emit({ type: 'modals_changed', userId });
  if (Object.keys(errors).length > 0) return { ok: false, errors, wasSent: false };
  const ack = await runtime.delivery.interact(submissionPayload(runtime, view));
  if (!ack.ok) return { ok: false, errors: {}, wasSent: true, error: ack.error };
  try {
    return await follow(runtime, view, (ack.body ?? {}) as Json);
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    const detail = error.extra.response_metadata as { messages?: string[] } | undefined;
    const why = [error.code, ...(detail?.messages ?? [])].join(': ');
    return { ok: false, errors: {}, wasSent: true, error: why };
  }
};

/** The cross or Cancel: this view goes, or all of them when it says clear_on_close. */
export const close = async (runtime: Runtime, userId: string): Promise<void> => {
  const view = topView(runtime.state, userId, undefined);
  const count = view.clearOnClose ? Number.POSITIVE_INFINITY : 1;
  await tellClosed(runtime, closeModals(runtime.state, userId, count), view.clearOnClose);
};
