/** Modals and home tabs: one stack of at most three modals per person, one home per person. */
import { randomBytes } from 'node:crypto';
import { checkView, inSlacksWords } from './blocks/validate.ts';
import { SlackError } from './errors.ts';
import { initialValues, keepValues } from './inputs.ts';
import { completeBlocks } from './messages.ts';
import { homeKey } from './organisation.ts';
import type { State } from './state.ts';
import type { Block, Json, StoredView } from './types.ts';

/** Slack: docs.slack.dev/reference/methods/views.push, push_limit_reached "Currently the limit is 3". */
const STACK_MAX = 3;
/** Slack: docs.slack.dev/reference/methods/views.open, view_too_large "greater than 250kb". */
const VIEW_BYTES_MAX = 250 * 1_024;

const newHash = (state: State): string =>
  `${Math.floor(state.now().getTime() / 1_000)}.${randomBytes(4).toString('hex')}`;

const invalid = (messages: string[]): SlackError =>
  new SlackError('invalid_arguments', {
    response_metadata: { messages: messages.map((one) => `[ERROR] ${one}`) },
  });

/** The view an app sent, checked; a JSON string or an object. */
export const readView = (state: State, given: unknown, type: 'modal' | 'home'): Json => {
  const view = typeof given === 'string' ? parse(given) : given;
  if (typeof view !== 'object' || view === null) throw invalid(['missing required field: view']);
  if (JSON.stringify(view).length > VIEW_BYTES_MAX) throw new SlackError('view_too_large');
  const checked = view as Json;
  const problems = inSlacksWords(checkView(checked));
  if (problems.length > 0) {
    throw invalid(['failed to match all allowed schemas [json-pointer:/view]', ...problems]);
  }
  if (checked.type !== type) {
    throw invalid([`unsupported type: ${String(checked.type)} [json-pointer:/view/type]`]);
  }
  if (type === 'home' && !state.app.isHomeEnabled) throw new SlackError('not_enabled');
  return checked;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SlackError('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] view is not JSON: ${String(error)}`] },
    });
  }
};

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const partsOf = (
  state: State,
  view: Json,
): Omit<StoredView, 'id' | 'userId' | 'rootViewId' | 'previousViewId' | 'values'> => ({
  type: view.type === 'home' ? 'home' : 'modal',
  title: (view.title as Json | undefined) ?? null,
  submit: (view.submit as Json | undefined) ?? null,
  close: (view.close as Json | undefined) ?? null,
  blocks: completeBlocks(state, view.blocks as Block[]),
  privateMetadata: textOr(view.private_metadata, ''),
  callbackId: textOr(view.callback_id, ''),
  externalId: textOr(view.external_id, ''),
  hash: newHash(state),
  clearOnClose: view.clear_on_close === true,
  notifyOnClose: view.notify_on_close === true,
  isSubmitDisabled: view.submit_disabled === true,
  errors: {},
});

const checkExternalId = (state: State, view: Json, except?: string): void => {
  if (typeof view.external_id !== 'string' || view.external_id === '') return;
  for (const other of state.views.values()) {
    if (other.externalId === view.external_id && other.id !== except) {
      throw new SlackError('duplicate_external_id');
    }
  }
};

const store = (state: State, userId: string, view: Json): StoredView => {
  checkExternalId(state, view);
  const parts = partsOf(state, view);
  const id = state.nextId('V');
  const stored: StoredView = {
    ...parts,
    id,
    userId,
    rootViewId: id,
    previousViewId: null,
    values: initialValues(parts.blocks),
  };
  state.views.set(id, stored);
  return stored;
};

export const stackOf = (state: State, userId: string): StoredView[] =>
  (state.modalStacks.get(userId) ?? []).flatMap((id) => state.views.get(id) ?? []);

const setStack = (state: State, userId: string, stack: StoredView[]): void => {
  const kept = new Set(stack.map((view) => view.id));
  for (const gone of stackOf(state, userId)) if (!kept.has(gone.id)) state.views.delete(gone.id);
  state.modalStacks.set(userId, [...kept]);
  state.emit({ type: 'modals_changed', userId });
};

/** A new root: what was open in this person's window is gone. */
export const openModal = (state: State, userId: string, view: Json): StoredView => {
  checkExternalId(state, view);
  setStack(state, userId, []);
  const stored = store(state, userId, view);
  setStack(state, userId, [stored]);
  return stored;
};

export const pushModal = (state: State, userId: string, view: Json): StoredView => {
  const stack = stackOf(state, userId);
  if (stack.length >= STACK_MAX) throw new SlackError('push_limit_reached');
  const stored = store(state, userId, view);
  stored.rootViewId = stack[0]?.id ?? stored.id;
  stored.previousViewId = stack.at(-1)?.id ?? null;
  setStack(state, userId, [...stack, stored]);
  return stored;
};

/** What people typed stays where block_id, action_id and kind of input are the same. */
export const replaceView = (state: State, target: StoredView, view: Json): StoredView => {
  checkExternalId(state, view, target.id);
  const parts = partsOf(state, view);
  const values = keepValues(target.values, parts.blocks);
  Object.assign(target, parts, { values });
  const type = target.type === 'home' ? 'home_changed' : 'modals_changed';
  state.emit({ type, userId: target.userId });
  return target;
};

export const publishHome = (state: State, userId: string, view: Json): StoredView => {
  const current = state.homes.get(homeKey(state, userId));
  if (current !== undefined) return replaceView(state, current, view);
  const stored = store(state, userId, view);
  state.homes.set(homeKey(state, userId), stored);
  state.emit({ type: 'home_changed', userId });
  return stored;
};

/** Takes views off the top; gives those that went, the top one first. */
export const closeModals = (state: State, userId: string, count: number): StoredView[] => {
  const stack = stackOf(state, userId);
  const kept = stack.slice(0, Math.max(0, stack.length - count));
  const gone = stack.slice(kept.length).reverse();
  setStack(state, userId, kept);
  return gone;
};

export const viewWire = (state: State, view: StoredView): Json => ({
  id: view.id,
  team_id: state.team.id,
  type: view.type,
  title: view.title,
  submit: view.submit,
  close: view.close,
  blocks: structuredClone(view.blocks),
  private_metadata: view.privateMetadata,
  callback_id: view.callbackId,
  external_id: view.externalId,
  state: { values: structuredClone(view.values) },
  hash: view.hash,
  root_view_id: view.rootViewId,
  previous_view_id: view.previousViewId,
  clear_on_close: view.clearOnClose,
  notify_on_close: view.notifyOnClose,
  submit_disabled: view.isSubmitDisabled,
  app_id: state.app.appId,
  app_installed_team_id: state.installation?.teamId === null ? state.organisation?.id : state.team.id,
  bot_id: state.app.botId,
});
