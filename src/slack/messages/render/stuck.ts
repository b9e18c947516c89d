/** Says to admins and owners that a grant cannot be set up or ended without them, and what they can do; refreshed when it is resolved. */
import type { KnownBlock } from '@slack/types';
import { roughDuration } from '../../../domain/time/durations.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import { isHeld, needsHuman } from '../../../application/grants/hold.ts';
import { isStuck } from '../../../application/messages/stuck.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { ManualSteps } from '../../../application/grants/access-ports.ts';
import { actions, tryAgainButton } from './buttons.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { card, iconOf, toneOf } from './card.ts';
import { cutsAll } from './how-ended.ts';
import { ERROR_SHOWN_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { what } from './phrases.ts';
import { status } from './status.ts';
import { cut, date, escape, inline, mention, section, utc } from './text.ts';
import type { Message } from './text.ts';

/** Less than this is not worth a word: no end is made in no time. */
const LATE_MS = 1_000;
/** The fence and the words around the statements. */
const AROUND_STATEMENTS = 100;

export const stuckMessage = (view: RequestView, facts: MessageFacts): Message => {
  const { grant } = view;
  const whose = `${what(view, facts)} of ${mention(view.requester)}`;
  const isOpen = isStuck(view);
  const said = isOpen ? problem(view, facts) : `${status(view, facts)}${late(grant)}`;
  const tone = isOpen ? (isDangerous(view) ? 'alarm' : 'trouble') : toneOf(view);
  const blocks: KnownBlock[] = [section(cut(said, SECTION_TEXT_MAX))];
  const isCauseShown = isOpen || grant?.state === 'failed';
  if (isCauseShown && grant?.lastError)
    blocks.push(section(cut(`>${inline(grant.lastError, ERROR_SHOWN_MAX)}`, SECTION_TEXT_MAX)));
  if (isOpen && grant && grant.state !== 'activating') blocks.push(...leftOpen(view, grant, facts.byHand));
  if (grant && isHeld(grant)) blocks.push(actions(tryAgainButton(grant.id)));
  return card({
    tone,
    text: `${whose}: ${said}`,
    head: [
      section(
        cut(`${iconOf(tone)} ${whose}${grant ? ` · due ${date(dueAt(grant), view.now)}` : ''}`, SECTION_TEXT_MAX),
      ),
    ],
    body: blocks,
  });
};

/** Access that should be gone may still work. */
const isDangerous = ({ grant }: RequestView): boolean => grant?.state === 'ending';

/** Expired access was due at its deadline; what was ended before it, when somebody said so. */
const dueAt = ({ endCause, endingAt, expiresAt }: Grant): Date =>
  endingAt && endCause !== null && endCause !== 'expired' ? endingAt : expiresAt;

const late = (grant: Grant | null): string => {
  if (!grant?.closedAt) return '';
  const removed =
    grant.endOutcome === 'removed' ? ' Everything that was created is removed, confirmed by the target.' : '';
  const lateMs = grant.closedAt.getTime() - dueAt(grant).getTime();
  return lateMs > LATE_MS ? `${removed} *${roughDuration(lateMs)} late.* Nothing is left to do.` : removed;
};

const HELD =
  '*Access could not be set up: the target has to be fixed first.* After that Latchkey sets it up within seconds, or at once with *Try again*. It needs no new approval until the old one expires.';

const problem = ({ grant, now }: RequestView, facts: MessageFacts): string => {
  if (grant && isHeld(grant)) return HELD;
  const attempts = grant?.attempts ?? 0;
  const failed = attempts === 1 ? 'One attempt failed' : `${attempts} attempts failed`;
  const human = grant && needsHuman(grant) ? ' An administrator has to fix it.' : '';
  const next = grant?.nextAttemptAt ? ` Next attempt ${date(grant.nextAttemptAt, now)}.` : ` Last look ${utc(now)}.`;
  if (grant?.state === 'activating') return `*Access is not being set up.* ${failed}; trying again.${human}${next}`;
  const closed = cutsAll(facts) ? 'No login works and no session is left' : 'It lets no one in any more';
  if (grant?.closedAt)
    return `*Access is closed and not removed yet.* ${closed}, confirmed by the target since ${date(grant.closedAt, now)}. ${failed} to remove what is left.${human}${next}`;
  const since = grant?.endingAt ? ` since ${date(grant.endingAt, now)}` : '';
  const tried = 'to block its login and cut its sessions';
  return `*Access is not ending.* ${failed}${since} ${tried}.${human}${next} Latchkey keeps trying until the target confirms it.`;
};

/** What may still work, as far as the target holds its own deadline, and what to run there. */
const leftOpen = ({ now }: RequestView, { expiresAt, closedAt }: Grant, byHand: ManualSteps | null): KnownBlock[] => {
  if (!byHand) return closedAt ? [] : [section('*It may still work.* Please look at the target.')];
  const fenced = cut(
    escape(byHand.statements.join('\n')).replace(/`{3,}/g, "'''"),
    SECTION_TEXT_MAX - AROUND_STATEMENTS,
  );
  return [
    section(cut(closedAt ? whatIsLeft(byHand) : whatIsOpen(byHand, expiresAt, now), SECTION_TEXT_MAX)),
    section(
      `${closedAt ? 'To remove it by hand' : 'To end it by hand'}, as an administrator of the target:\n\`\`\`\n${fenced}\n\`\`\``,
    ),
  ];
};

const whatIsLeft = ({ name }: ManualSteps): string =>
  `*What is left:* \`${inline(name, ERROR_SHOWN_MAX)}\` itself, which gives no access.`;

const whatIsOpen = ({ name, enforcedBy }: ManualSteps, expiresAt: Date, now: Date): string => {
  const login = `\`${inline(name, ERROR_SHOWN_MAX)}\``;
  if (enforcedBy === null) return `*It may still work*, for new sessions of ${login} too.`;
  const by = inline(enforcedBy, ERROR_SHOWN_MAX);
  return expiresAt <= now
    ? `*Still open:* sessions of ${login} that were open before. New logins are refused by the target itself since ${date(expiresAt, now)} (${by}).`
    : `*Still open:* sessions of ${login}, and new logins until the target itself refuses them from ${date(expiresAt, now)} (${by}).`;
};
