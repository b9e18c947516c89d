/** `/prod-access extend [id] [30m] [why]`: more time on access that one has. */
import { weekdayOf } from '../../../domain/time/day.ts';
import { isQuoted, restOf, tokensOf, unquoted } from '../../../domain/time/tokens.ts';
import type { Token } from '../../../domain/time/tokens.ts';
import { durationAt, looksLikeDuration } from '../../../domain/time/typed-duration.ts';
import { whenAt } from '../../../domain/time/when.ts';
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { howLong, what, whoMayApprove } from '../../messages/render/phrases.ts';
import { status } from '../../messages/render/status.ts';
import { actions, cancelButton, extendButton } from '../../messages/render/buttons.ts';
import { cut, section } from '../../messages/render/text.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Overview } from '../../../application/queries/overview.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { stateLine } from '../lines.ts';
import { active, choose } from './choose.ts';
import { answerWith } from '../answer.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { Reply, Slack } from '../context.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

type Line = { id: string | null; byMs: number | null; reason: string | null };

const UNTIL = /^(?:until|till|til|to|from|at)$/;
const LEAD = /^(?:by|for|until|till|til|to|from|at)$/;
const ID = /^[a-z0-9]+$/;
/** An id of so many may begin with digits as a duration does. */
const ID_CHARS_MIN = 10;

/** The first word of a reason hardly has a digit in it, and no duration follows it. */
const isIdAmong = (word: string, tokens: readonly Token[]): boolean => {
  const isDuration =
    durationAt(tokens, 0).outcome !== 'none' || (word.length < ID_CHARS_MIN && looksLikeDuration(tokens, 0));
  if (!ID.test(word) || isDuration || weekdayOf(word) > 0 || LEAD.test(word)) return false;
  return /\d/.test(word) || tokens.length === 1 || isDurationAt(tokens, 1);
};

const isDurationAt = (tokens: readonly Token[], at: number): boolean =>
  durationAt(tokens, leadAt(tokens, at)).outcome !== 'none' || looksLikeDuration(tokens, at);

/** Where a duration begins after `by` or `for`. */
const leadAt = (tokens: readonly Token[], at: number): number =>
  /^(?:by|for)$/.test(tokens[at]?.norm ?? '') ? at + 1 : at;

/** A second duration, or a time: nothing of it may be left to the reason. */
const isTimeAt = (tokens: readonly Token[], at: number): boolean => {
  const isLed = UNTIL.test(tokens[at]?.norm ?? '');
  const when = whenAt(tokens, isLed ? at + 1 : at);
  return when.outcome === 'bad' || (when.outcome === 'read' && (isLed || when.when.clock !== null));
};

/** An id before the duration or none; what follows is the reason. `bad`: a word that was meant as a duration and is none. */
export const readExtendLine = (text: string): Line | { bad: string } => {
  const tokens = tokensOf(text).map((token) => ({ ...token, norm: token.norm.replace(/^\+(?=\d)/, '') }));
  const plainId = (tokens[0]?.norm ?? '').replace(/^[`#]+|`+$/g, '');
  const first = isIdAmong(plainId, tokens) ? 1 : 0;
  const read = durationAt(tokens, leadAt(tokens, first));
  const next = read.outcome === 'read' ? read.next : first;
  const isBad = read.outcome === 'bad' || looksLikeDuration(tokens, next) || isTimeAt(tokens, next);
  const isSecond = read.outcome === 'read' && isDurationAt(tokens, next);
  const rest = restOf(text, tokens, next);
  if ((isBad || isSecond) && !isQuoted(rest)) return { bad: tokens[next]?.cased ?? '' };
  return {
    id: first === 1 ? plainId : null,
    byMs: read.outcome === 'read' ? read.ms : null,
    reason: unquoted(rest) || null,
  };
};

/** Where an access cannot get more time, another one may be requested. */
const OTHERWISE = [
  { line: 'list', label: 'Show my access' },
  { line: 'form', label: 'Request access' },
];

/** The same words for the button and the command. */
export const extendAnswer = ({ policy }: Pick<Slack, 'policy'>, result: CreateRequestResult): Reply => {
  if (result.outcome === 'denied')
    return answerWith(`Not extended. ${sentenceOfDenial(result.verdict)}`, sayButtons(OTHERWISE));
  if (result.outcome === 'refused')
    return answerWith(
      `Not extended. ${result.problems.map(sentenceOfProblem).join(' ')} Say why behind the duration: ${typed('extend 30m why')}.`,
      sayButtons(OTHERWISE),
    );
  const { view } = result;
  const facts = factsOf(policy(), view.request);
  const isOpen = view.request.state === 'pending';
  const lines = [`${what(view, facts)}: *${howLong(view)}*${isOpen ? ' requested.' : '.'}`, status(view)];
  if (isOpen) lines.push(`${whoMayApprove(view, facts)} Until then the expiry stays as it is.`);
  const words = cut(lines.join('\n'), SECTION_TEXT_MAX);
  const hint = isOpen ? [actions(cancelButton(view.request.id))] : [];
  return { text: words, blocks: [section(words), ...hint] };
};

type Extendable = { views: RequestView[]; offers: Overview['offers'] };

const whichToExtend = (policy: Policy, { views, offers }: Extendable): Reply =>
  choose({
    title: 'Which access do you need for longer?',
    none: 'You have no access now.',
    items: views,
    lineOf: (view) => stateLine(policy, view),
    buttonsOf: ({ grant }) => {
      const byMs = grant ? offers.get(grant.id) : undefined;
      return grant && byMs !== undefined ? [extendButton(grant, byMs)] : [];
    },
  });

export const extend: Command = {
  name: 'extend',
  usage: 'extend [id] [30m] [why]',
  does: 'request more time for access you have',
  audience: 'everyone',
  run: async ({ slack, userId, deliveryKey, text, reply }) => {
    const line = readExtendLine(text);
    if ('bad' in line)
      return reply({ text: `${code(line.bad)} is no duration. Write it like ${typed('extend 30m')}.` });
    const several = line.id === null ? await slack.useCases.overview({ userId }) : null;
    const live = active(several?.live ?? []).filter(({ grant }) => grant?.state === 'active');
    if (several && live.length > 1)
      return reply(whichToExtend(slack.policy(), { views: live, offers: several.offers }));
    const wanted = { ...line, userId, deadline: null, idempotencyKey: deliveryKey };
    return reply(extendAnswer(slack, await slack.useCases.extend(wanted)));
  },
};
