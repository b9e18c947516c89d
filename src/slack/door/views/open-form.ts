/** Opens the request form and keeps its preview in step with what is chosen. */
import type { ModalView } from '@slack/types';
import type { Slack } from '../context.ts';
import { explainError } from '../../errors.ts';
import { slackFailureOf } from '../../connection/failures.ts';
import { previewLines } from '../../preview-text.ts';
import { withinMs } from '../../../lib/timeout.ts';
import { choose, EMPTY, onlyRole } from './form-state.ts';
import type { FormState, Room } from './form-state.ts';
import { PREVIEW_BAD_DURATION, PREVIEW_EMPTY, PREVIEW_LOADING, requestForm } from './request-form.ts';
import type { Preview } from './request-form.ts';

type Opening = { userId: string; triggerId: string; room?: Room | null; state?: FormState };

/** One target with one role leaves nothing to choose. */
const firstState = (slack: Slack, room: Room | null): FormState => {
  const names = Object.keys(slack.policy().targets);
  const only = names.length === 1 ? (names[0] ?? '') : '';
  return { ...EMPTY, ...choose(slack.policy(), only, onlyRole(slack.policy(), only)), room };
};

/** A trigger lives three seconds, so nothing is looked up before the form stands: the policy is in memory. */
export const openForm = async (slack: Slack, opening: Opening): Promise<void> => {
  const { userId, triggerId, room = null } = opening;
  const shown = opening.state ?? firstState(slack, room);
  const isChosen = shown.target !== null && shown.role !== null;
  const view = requestForm(slack.policy(), shown, { lines: [isChosen ? PREVIEW_LOADING : PREVIEW_EMPTY] });
  const opened = await slack.client.views.open({ trigger_id: triggerId, view });
  const { id, hash } = opened.view ?? {};
  if (isChosen && id) await refreshForm(slack, { userId, view: { id, hash: hash ?? '' }, state: shown });
};

type Refreshing = { userId: string; view: { id: string; hash: string }; state: FormState };

/** Look-ups that answer sooner than this need no "looking up" in between. */
const PATIENCE_MS = 250;

export const refreshForm = async (slack: Slack, { userId, view, state }: Refreshing): Promise<void> => {
  const isNewest = slack.turns.begin(view.id);
  const looking = previewOf(slack, userId, state);
  const soon = await withinMs(looking, PATIENCE_MS);
  const draw = (preview: Preview, hash: string | null): Promise<string | null> =>
    updateView(slack, { viewId: view.id, hash, form: requestForm(slack.policy(), state, preview), isNewest });
  if (soon.isThere) {
    await draw(soon.value, view.hash);
    return;
  }
  const hash = await draw({ lines: [PREVIEW_LOADING] }, view.hash);
  if (hash !== null) await draw(await looking, hash);
};

type ViewUpdate = { viewId: string; hash: string | null; form: ModalView; isNewest: () => boolean };

/**
 * Gives the new hash, or null when there is nothing left to draw on. `hash_conflict` means that another update came between
 * the choice and this one: an older one of ours is replaced, a newer one stays.
 */
const updateView = async (slack: Slack, { viewId, hash, form, isNewest }: ViewUpdate): Promise<string | null> => {
  try {
    const updated = await slack.client.views.update({ view_id: viewId, view: form, ...(hash ? { hash } : {}) });
    return updated.view?.hash ?? '';
  } catch (error) {
    const code = slackFailureOf(error)?.code;
    if (code === 'hash_conflict' && hash && isNewest())
      return updateView(slack, { viewId, hash: null, form, isNewest });
    if (code !== 'hash_conflict' && code !== 'not_found') throw error;
    return null;
  }
};

/** What would happen. A failed look-up is shown in its place; it does not hold up the form. */
const previewOf = async (slack: Slack, userId: string, state: FormState): Promise<Preview> => {
  const { target, role } = state;
  if (!target || !role) return { lines: [PREVIEW_EMPTY] };
  if (state.typedDuration && state.durationMs === null) return { lines: [PREVIEW_BAD_DURATION] };
  const requested = { target: target.name, role: role.name };
  try {
    const { durationMs, reason, ticket, room, alertId } = state;
    const incidentChannelId = room?.channelId ?? null;
    const alert = alertId ? { id: alertId, isAutomatic: false } : null;
    const wanted = { userId, ...requested, durationMs, reason, ticket: ticket || null, incidentChannelId, alert };
    const result = await slack.useCases.preview(wanted);
    const lines = previewLines(slack.policy(), { ...requested, isTyping: true }, result);
    return { lines, mayBreakGlass: result.mayBreakGlass, needsPublicKey: result.needsPublicKey };
  } catch (error) {
    return { lines: [explainError(error, slack.log)] };
  }
};
