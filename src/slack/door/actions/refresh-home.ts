/** Draws the home tab again: on its own button, and after a click on it that changed something. */
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action, ActionCall } from '../context.ts';
import { publishHome } from '../home/home.ts';

export const refreshHome = async ({ slack, userId, view }: ActionCall): Promise<void> => {
  if (view?.type === 'home') await publishHome(slack, userId);
};

export const refresh: Action = { id: ACTION.refreshHome, run: refreshHome };
