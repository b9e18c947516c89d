/** A choice in the request form: what depends on it is drawn anew. */
import type { Action } from '../context.ts';
import { FIELD, readForm } from '../views/form-state.ts';
import { redrawForm } from '../views/open-form.ts';

const redraw: Action['run'] = async ({ slack, userId, view }) => {
  if (view) await redrawForm(slack, { userId, view, state: readForm(slack.policy(), view) });
};

export const formActions: readonly Action[] = [
  FIELD.target,
  FIELD.targetSearch,
  FIELD.role,
  FIELD.roleSearch,
  FIELD.duration,
].map((id) => ({ id, run: redraw }));
