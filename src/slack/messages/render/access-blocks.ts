/** Blocks that several cards of one access have in common. */
import type { KnownBlock } from '@slack/types';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, endNowButton } from './buttons.ts';
import { conditions } from './conditions.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { CONTEXT_TEXT_MAX } from './limits.ts';
import { allows, groups, inTarget, mayRemain, notCut, ruleName, warning, whoEnds } from './phrases.ts';
import { context, cut, faceLine, mention, plain } from './text.ts';

const NAME_SHOWN_MAX = 80;
/** In the place of a face. */
const MACHINE = '⚙️';

/** The way back from a mistaken approval: nothing to type. */
export const liveBlocks = ({ grant, requester }: Pick<RequestView, 'grant' | 'requester'>): KnownBlock[] => {
  const isEndable = grant?.state === 'activating' || grant?.state === 'active';
  return isEndable ? [actions(endNowButton(grant.id, plain(requester.name, NAME_SHOWN_MAX)))] : [];
};

/** Their face and name, and the groups that approvers judge by. */
export const whoLine = (
  { requester }: Pick<RequestView, 'requester'>,
  { face, groups: names }: MessageFacts,
): KnownBlock => {
  const inGroups = groups(names);
  if (requester.kind === 'client') return context(`${MACHINE} *${mention(requester)}*`);
  const shown = face === null ? null : { url: face, name: plain(requester.name, NAME_SHOWN_MAX) };
  return faceLine(shown, `*${mention(requester)}*${inGroups ? ` · ${inGroups}` : ''}`);
};

/** How risky it is, in small: what it reaches, and what no end takes back. */
export const careBlocks = (view: RequestView, facts: MessageFacts): KnownBlock[] => {
  const allowed = allows(facts);
  const parts = [
    warning(facts),
    allowed ? `Scope: ${allowed}` : null,
    inTarget(view),
    conditions(facts.terms),
    notCut(facts),
    mayRemain(view.request.mayRemain),
    whoEnds(facts),
    view.request.rule === null ? null : `Rule ${ruleName(view.request.rule)}`,
  ].filter((part) => part !== null);
  return parts.length > 0 ? [context(cut(parts.join(' · '), CONTEXT_TEXT_MAX))] : [];
};
