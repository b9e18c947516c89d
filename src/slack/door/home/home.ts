/** Publishes the home tab: when it is opened, refreshed, paged, and after a click on it that changed something. */
import type { HomeView } from '@slack/types';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, refreshHomeButton } from '../../messages/render/buttons.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { section } from '../../messages/render/text.ts';
import type { EventHandler, Slack } from '../context.ts';
import { explainError } from '../../errors.ts';
import { CARDS_SHOWN, homeView } from './home-view.ts';

/** `after`: which request its page of what waits begins after; null is the first page. */
export const publishHome = async (slack: Slack, userId: string, after: string | null = null): Promise<void> => {
  const view = await drawHome(slack, userId, after);
  await slack.client.views.publish({ user_id: userId, view });
};

const cardsOf = async (slack: Slack, views: RequestView[]): Promise<Map<string, MessageFacts>> =>
  new Map(await Promise.all(views.map(async (view) => [view.request.id, await slack.cardFacts(view)] as const)));

const drawHome = async (slack: Slack, userId: string, after: string | null): Promise<HomeView> => {
  try {
    const overview = await slack.useCases.overview({ userId, waiting: { after, size: CARDS_SHOWN } });
    const cards = await cardsOf(slack, overview.waitingForMe);
    return homeView(slack.policy(), { overview, cards, after }, new Date());
  } catch (error) {
    return { type: 'home', blocks: [section(explainError(error, slack.log)), actions(refreshHomeButton())] };
  }
};

export const homeOpened: EventHandler = {
  type: 'app_home_opened',
  run: async ({ slack, userId, tab }) => {
    if (tab === 'home') await publishHome(slack, userId);
  },
};
