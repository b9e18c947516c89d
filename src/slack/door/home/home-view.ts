/** The home tab as blocks: my access, what waits for me with all that its card has, follow-ups, and how the week was. */
import type { HomeView, KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { Overview } from '../../../application/queries/overview.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { approvalMessage } from '../../messages/render/approval.ts';
import {
  actions,
  requestAgainButton,
  requestButton,
  cancelButton,
  doneButton,
  extendButton,
  justifiedButton,
  notJustifiedButton,
  refreshHomeButton,
  showCredentialsButton,
  tryAgainButton,
} from '../../messages/render/buttons.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { REASON_SHOWN_MAX, SECTION_TEXT_MAX, VIEW_BLOCKS_MAX } from '../../messages/render/limits.ts';
import { oftenButtons } from '../../messages/render/line-buttons.ts';
import { isAhead, what } from '../../messages/render/phrases.ts';
import { mark, status } from '../../messages/render/status.ts';
import { preApprovalLine } from '../../messages/render/pre-approval.ts';
import { context, cut, divider, inline, quote, section, utc } from '../../messages/render/text.ts';
import { reviewedLine, stateLine } from '../lines.ts';
import { countdown, entry, heading, weekBlock } from './parts.ts';
import { pageButtons } from './paging.ts';

/** Of what waits, on one page; a card has up to eight blocks. */
export const CARDS_SHOWN = 5;
/** Entries of each other kind; what is beyond is counted, and `list` has it. */
const SHOWN_MAX = 4;
const HOME_REASON_MAX = REASON_SHOWN_MAX / 5;
const WHY_MAX = 120;

export type HomeFacts = {
  overview: Overview;
  /** Of what waits, by request id. */
  cards: ReadonlyMap<string, MessageFacts>;
  /** After which request the page begins; null is the first one. */
  after: string | null;
};

/** The same card as in the channel: nobody approves from here without having read all of it. */
const cardBlocks = (policy: Policy, cards: HomeFacts['cards'], view: RequestView): KnownBlock[] => {
  const { blocks, attachments = [] } = approvalMessage(
    view,
    cards.get(view.request.id) ?? factsOf(policy, view.request),
  );
  return [...blocks, ...attachments.flatMap((one) => one.blocks)];
};

const waitingBlocks = (policy: Policy, { overview, cards, after }: HomeFacts): KnownBlock[] => {
  const { waitingForMe, nextWaiting } = overview;
  const pages = pageButtons({ after, next: nextWaiting });
  const shown = waitingForMe.slice(0, CARDS_SHOWN);
  return [
    heading('Waiting for you'),
    ...(shown.length === 0
      ? [context(after === null ? 'No request waits for you.' : 'No more requests wait for you.')]
      : []),
    ...shown.flatMap((view, at) => [...(at > 0 ? [divider] : []), ...cardBlocks(policy, cards, view)]),
    ...(pages.length > 0 ? [actions(...pages)] : []),
    divider,
  ];
};

const nameOf = (policy: Policy, view: RequestView): string => what(view, factsOf(policy, view.request));

const active = (policy: Policy, view: RequestView, offerMs: number | undefined): KnownBlock[] => {
  const { grant } = view;
  if (grant?.state !== 'active') return mine(policy, view);
  const ends = endWithIncident(grant, view.incident);
  return entry(
    [
      `${mark(view)} ${nameOf(policy, view)}`,
      countdown(grant, ends, view.now),
      status(view),
      `“${inline(view.request.reason, WHY_MAX)}”`,
    ],
    [
      showCredentialsButton(grant.id),
      ...(offerMs === undefined ? [] : [extendButton(grant, offerMs)]),
      doneButton(grant.id),
    ],
  );
};

const mine = (policy: Policy, view: RequestView): KnownBlock[] => {
  const { request, grant } = view;
  if (grant && isHeld(grant)) return entry([stateLine(policy, view)], [tryAgainButton(grant.id)]);
  const isOpen = request.state === 'pending' || isAhead(view);
  return entry([stateLine(policy, view)], isOpen ? [cancelButton(request.id)] : []);
};

const reviewing = (policy: Policy, view: RequestView): KnownBlock[] =>
  entry(
    [reviewedLine(policy, view), quote(view.request.reason, HOME_REASON_MAX)],
    view.grant ? [justifiedButton(view.grant.id), notJustifiedButton(view.grant.id)] : [],
  );

const past = (policy: Policy, view: RequestView): KnownBlock[] =>
  entry([stateLine(policy, view)], [requestAgainButton(view.request.id)]);

type Group = { title: string; views: RequestView[]; draw: (view: RequestView) => KnownBlock[]; empty?: string };

const group = ({ title, views, draw, empty }: Group): KnownBlock[] => {
  if (views.length === 0 && empty === undefined) return [];
  const rest = views.length - SHOWN_MAX;
  return [
    heading(title),
    ...(views.length === 0 && empty ? [context(empty)] : []),
    ...views.slice(0, SHOWN_MAX).flatMap(draw),
    ...(rest > 0 ? [context(`And ${rest} more: \`/prod-access list\`.`)] : []),
    divider,
  ];
};

const accessBlocks = (policy: Policy, { live, offers }: Overview): KnownBlock[] =>
  group({
    title: 'Your access',
    views: live,
    draw: (view) => active(policy, view, offers.get(view.grant?.id ?? '')),
    empty: 'You have no access to production now. That is how it should be.',
  });

const ahead = (policy: Policy, { preApprovals }: Overview): KnownBlock[] =>
  preApprovals.length === 0
    ? []
    : [
        heading('Pre-approvals'),
        section(cut(preApprovals.map((one) => preApprovalLine(policy, one)).join('\n'), SECTION_TEXT_MAX)),
        divider,
      ];

const often = (policy: Policy, overview: Overview): KnownBlock[] => {
  const buttons = oftenButtons(
    overview.often.map(({ target, role, durationMs }) => {
      const facts = factsOf(policy, { target, role });
      const length = formatDuration(durationMs);
      const label = `${facts.target?.title || target} · ${facts.role?.title || role} · ${length}`;
      return { line: `${target} ${role} ${length}`, label };
    }),
  );
  return buttons.length > 0 ? [context('You often request:'), actions(...buttons)] : [];
};

/** What one has comes before what waits, and nothing before what waits where one has nothing. */
const topBlocks = (policy: Policy, facts: HomeFacts): KnownBlock[] => {
  const access = accessBlocks(policy, facts.overview);
  const waiting = waitingBlocks(policy, facts);
  return facts.overview.live.length > 0 ? [...access, ...waiting] : [...waiting, ...access];
};

export const homeView = (policy: Policy, facts: HomeFacts, now: Date): HomeView => {
  const { overview, after } = facts;
  const blocks = [
    actions(requestButton(), refreshHomeButton()),
    ...often(policy, overview),
    ...topBlocks(policy, facts),
    ...group({ title: 'Follow-ups', views: overview.reviews, draw: (view) => reviewing(policy, view) }),
    ...group({ title: 'Your requests', views: overview.pending, draw: (view) => mine(policy, view) }),
    ...ahead(policy, overview),
    ...group({ title: 'Recent', views: overview.recent, draw: (view) => past(policy, view) }),
  ];
  const foot = [
    heading('Last 7 days'),
    weekBlock(overview.week),
    context(`As of <!date^${Math.floor(now.getTime() / 1000)}^{time}|${utc(now)}>.`),
  ];
  return {
    type: 'home',
    ...(after === null ? {} : { private_metadata: after }),
    blocks: [...blocks.slice(0, VIEW_BLOCKS_MAX - foot.length), ...foot],
  };
};
