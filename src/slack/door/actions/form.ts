/** A choice in the request form: what depends on it is refreshed. */
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Action } from '../context.ts';
import { FIELD, readForm } from '../views/form-state.ts';
import { refreshForm } from '../views/open-form.ts';

const refresh: Action['run'] = async ({ slack, userId, view }) => {
  if (view) await refreshForm(slack, { userId, view, state: readForm(slack.policy(), view) });
};

/** A click on a quick pick is as if it had been typed. */
const pick: Action['run'] = async ({ slack, userId, view, value }) => {
  if (!view) return;
  const state = readForm(slack.policy(), view);
  const picked = { ...state, durationMs: readTypedDuration(value), typedDuration: null, picks: state.picks + 1 };
  await refreshForm(slack, { userId, view, state: picked });
};

const unfoldStart: Action['run'] = async ({ slack, userId, view }) => {
  if (view) await refreshForm(slack, { userId, view, state: { ...readForm(slack.policy(), view), isLater: true } });
};

const choices: readonly Action[] = [FIELD.target, FIELD.targetSearch, FIELD.role, FIELD.roleSearch, FIELD.duration].map(
  (id) => ({ id, run: refresh }),
);

export const formActions: readonly Action[] = [
  ...choices,
  ...FIELD.picks.map((id) => ({ id, run: pick })),
  { id: FIELD.later, run: unfoldStart },
];
