/** The home tab: what I have, what waits for me, and buttons for both. */
import type { Button, HomeView, KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { PreApprovalView } from '../../../domain/requests/pre-approval.ts';
import type { Overview } from '../../../application/queries/overview.ts';
import {
  actions,
  approveButton,
  approveChangesButton,
  askAgainButton,
  askButton,
  cancelButton,
  denyButton,
  doneButton,
  justifiedButton,
  notJustifiedButton,
  extendButton,
  refreshHomeButton,
  showCredentialsButton,
  tryAgainButton,
} from '../../messages/render/buttons.ts';
import { approvalCare } from '../../messages/render/approval.ts';
import { factsOf } from '../../messages/render/facts.ts';
import { newEndLine } from '../../messages/render/more-time.ts';
import {
  changeLines,
  isAhead,
  mayRemain,
  ticket,
  votesSoFar,
  warning,
  whoIsAsked,
} from '../../messages/render/phrases.ts';
import { allowanceLine } from '../../messages/render/pre-approval.ts';
import { REASON_SHOWN_MAX, SECTION_TEXT_MAX, VIEW_BLOCKS_MAX } from '../../messages/render/limits.ts';
import { context, cut, divider, quote, section, utc } from '../../messages/render/text.ts';
import type { EventHandler, Slack } from '../context.ts';
import { explainError } from '../../errors.ts';
import { myLine, reviewedLine, theirLine } from '../lines.ts';

/** Entries of each kind; what is beyond is counted, and `list` has it. */
const SHOWN_MAX = 8;
const HOME_REASON_MAX = REASON_SHOWN_MAX / 5;

const heading = (text: string): KnownBlock => ({ type: 'header', text: { type: 'plain_text', text, emoji: false } });

const entry = (line: string, buttons: Button[]): KnownBlock[] => [
  section(cut(line, SECTION_TEXT_MAX)),
  ...(buttons.length > 0 ? [actions(...buttons)] : []),
];

/** Everything that a decision hangs on: nobody approves from here without having seen for how long, how risky, and with whom. */
const waiting = (standing: Overview['standing'], policy: Policy, view: RequestView): KnownBlock[] => {
  const facts = { ...factsOf(policy, view.request), ...standing.get(view.request.id) };
  const lines = [
    theirLine(policy, view),
    quote(view.request.reason, HOME_REASON_MAX),
    [ticket(view), newEndLine(view), warning(facts), mayRemain(view.request.mayRemain)]
      .filter((part) => part !== null)
      .join(' · ') || null,
    ...changeLines(view, facts),
    whoIsAsked(view, facts),
    votesSoFar(view, facts),
  ];
  return entry(lines.filter((line) => line !== null).join('\n'), [
    approveButton(view.request.id, approvalCare(view, facts)),
    ...(view.request.extendsGrantId === null ? [approveChangesButton(view.request.id)] : []),
    denyButton(view.request.id),
  ]);
};

const live =
  (offers: Overview['offers']) =>
  (policy: Policy, view: RequestView): KnownBlock[] => {
    const { grant } = view;
    if (grant?.state !== 'active') return mine(policy, view);
    const byMs = offers.get(grant.id);
    const more = byMs === undefined ? [] : [extendButton(grant, byMs)];
    return entry(myLine(policy, view), [showCredentialsButton(grant.id), ...more, doneButton(grant.id)]);
  };

const mine = (policy: Policy, view: RequestView): KnownBlock[] => {
  const { request, grant } = view;
  if (grant && isHeld(grant)) return entry(myLine(policy, view), [tryAgainButton(grant.id)]);
  return entry(myLine(policy, view), request.state === 'pending' || isAhead(view) ? [cancelButton(request.id)] : []);
};

const reviewing = (policy: Policy, view: RequestView): KnownBlock[] =>
  entry(
    `${reviewedLine(policy, view)}\n${quote(view.request.reason, HOME_REASON_MAX)}`,
    view.grant ? [justifiedButton(view.grant.id), notJustifiedButton(view.grant.id)] : [],
  );

const past = (policy: Policy, view: RequestView): KnownBlock[] =>
  entry(myLine(policy, view), [askAgainButton(view.request.id)]);

type Group = {
  title: string;
  views: RequestView[];
  draw: (policy: Policy, view: RequestView) => KnownBlock[];
  empty: string | null;
};

const group = (policy: Policy, { title, views, draw, empty }: Group): KnownBlock[] => {
  if (views.length === 0 && empty === null) return [];
  const rest = views.length - SHOWN_MAX;
  return [
    heading(title),
    ...(views.length === 0 && empty ? [context(empty)] : []),
    ...views.slice(0, SHOWN_MAX).flatMap((view) => draw(policy, view)),
    ...(rest > 0 ? [context(`And ${rest} more: \`/prod-access list\`.`)] : []),
    divider,
  ];
};

const ahead = (policy: Policy, allowances: PreApprovalView[]): KnownBlock[] =>
  allowances.length === 0
    ? []
    : [
        heading('Allowed ahead of time'),
        section(cut(allowances.map((one) => allowanceLine(policy, one)).join('\n'), SECTION_TEXT_MAX)),
        divider,
      ];

const homeOf = (blocks: KnownBlock[]): HomeView => ({ type: 'home', blocks: blocks.slice(0, VIEW_BLOCKS_MAX) });

export const homeView = (policy: Policy, overview: Overview, now: Date): HomeView =>
  homeOf([
    actions(askButton(), refreshHomeButton()),
    ...group(policy, {
      title: 'Waits for you',
      views: overview.waitingForMe,
      draw: (...drawn) => waiting(overview.standing, ...drawn),
      empty: 'Nobody waits for you.',
    }),
    ...group(policy, { title: 'Waits for your review', views: overview.reviews, draw: reviewing, empty: null }),
    ...group(policy, {
      title: 'You have',
      views: overview.live,
      draw: live(overview.offers),
      empty: 'You have no access to production now. That is how it should be.',
    }),
    ...group(policy, { title: 'You asked for', views: overview.pending, draw: mine, empty: null }),
    ...ahead(policy, overview.allowances),
    ...group(policy, { title: 'Lately', views: overview.recent, draw: past, empty: null }),
    context(`As of <!date^${Math.floor(now.getTime() / 1000)}^{time}|${utc(now)}>.`),
  ]);

export const publishHome = async (slack: Slack, userId: string): Promise<void> => {
  const view = await drawHome(slack, userId);
  await slack.client.views.publish({ user_id: userId, view });
};

const drawHome = async (slack: Slack, userId: string): Promise<HomeView> => {
  try {
    return homeView(slack.policy(), await slack.useCases.overview({ userId }), new Date());
  } catch (error) {
    return homeOf([section(explainError(error, slack.log)), actions(refreshHomeButton())]);
  }
};

export const homeOpened: EventHandler = {
  type: 'app_home_opened',
  run: async ({ slack, userId, tab }) => {
    if (tab === 'home') await publishHome(slack, userId);
  },
};
