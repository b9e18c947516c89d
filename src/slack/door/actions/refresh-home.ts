/** Draws the home tab again: on its own buttons, and after a click on it that changed something. */
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action, ActionCall } from '../context.ts';
import { publishHome } from '../home/home.ts';
import { HOME_FIRST, HOME_NEXT, readAfter } from '../home/paging.ts';

/** The page stays. */
export const refreshHome = async ({ slack, userId, view }: ActionCall): Promise<void> => {
  if (view?.type === 'home') await publishHome(slack, userId, readAfter(view.privateMetadata));
};

export const homeActions: readonly Action[] = [
  { id: ACTION.refreshHome, run: refreshHome },
  { id: HOME_FIRST, run: ({ slack, userId }) => publishHome(slack, userId) },
  { id: HOME_NEXT, run: ({ slack, userId, value }) => publishHome(slack, userId, readAfter(value)) },
];
