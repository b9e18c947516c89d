/** `done` gives one's own access back; `revoke` ends somebody else's, for admins and owners; `cancel` takes a request back. */
import { DomainError } from '../../../domain/errors.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { RevokeWhat } from '../../../application/revocations/revoke-all.ts';
import { ENDING } from '../actions/own.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { isAhead, what } from '../../messages/render/phrases.ts';
import { plain, sentenceList } from '../../messages/render/text.ts';
import { cancelButton, doneButton, endNowButton } from '../../messages/render/buttons.ts';
import { whoRequests } from '../../messages/render/client.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { Overview } from '../../../application/queries/overview.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { Reply } from '../context.ts';
import { stateLine } from '../lines.ts';
import { active, choose } from './choose.ts';
import { withTrigger } from '../answer.ts';
import { openRevokeForm } from '../views/revoke-form.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';
import { splitPerson } from './read-person.ts';

const split = (text: string): [string, string] => {
  const [id = ''] = text.trim().split(/\s/, 1);
  return [id.replace(/^[`#]+|`+$/g, '').toLowerCase(), text.trim().slice(id.length).trim()];
};

const whichToGiveBack = (policy: Policy, views: RequestView[]): Reply =>
  choose({
    title: 'Which access do you give back?',
    none: 'You have no access now.',
    items: views,
    lineOf: (view) => stateLine(policy, view),
    buttonsOf: ({ grant }) => (grant ? [doneButton(grant.id)] : []),
  });

export const done: Command = {
  name: 'done',
  usage: 'done [id]',
  does: 'give access back before it expires',
  audience: 'everyone',
  run: async ({ slack, userId, text, reply }) => {
    const [id, reason] = split(text);
    const several = id === '' ? active((await slack.useCases.overview({ userId })).live) : [];
    if (several.length > 1) return reply(whichToGiveBack(slack.policy(), several));
    const { view } = await slack.useCases.end({ userId, id: id || null, cause: 'done', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

const NAME_MAX = 80;
const FORMS = sentenceList(
  ['revoke <id> [reason]', 'revoke @person', 'revoke <target>', 'revoke all'].map((form) => typed(form)),
  'or',
);

/** Everything, or a target by its name; anything else is an id. */
const readWhat = ({ targets }: Policy, word: string): RevokeWhat | null => {
  if (word === 'all') return { kind: 'all' };
  const target = Object.keys(targets).find((name) => name.toLowerCase() === word);
  return target === undefined ? null : { kind: 'target', target };
};

const whatToRevoke = (policy: Policy, views: RequestView[]): Reply =>
  choose({
    title: 'Access that you may end now',
    none: `There is no live access that you may end. The forms are ${FORMS}.`,
    items: views,
    lineOf: (view) => `${whoRequests(view.requester)} · ${stateLine(policy, view)}`,
    buttonsOf: ({ grant, requester }) => (grant ? [endNowButton(grant.id, plain(requester.name, NAME_MAX))] : []),
    more: views.length > 1 ? sayButtons([{ line: 'revoke all', label: 'End all access…' }]) : [],
  });

export const revoke: Command = {
  name: 'revoke',
  usage: 'revoke [id | @person | target | all]',
  does: 'end access now: your own, or anyone’s for owners and admins; more than one grant is confirmed first',
  audience: 'owners',
  run: async (call) => {
    const { slack, userId, text, reply } = call;
    const [id, reason] = split(text);
    if (!id) return reply(whatToRevoke(slack.policy(), await slack.useCases.revocable({ userId })));
    const { person, unread } = splitPerson(text.trim().split(/\s/, 1)[0] ?? '');
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const all = person === null ? readWhat(slack.policy(), id) : ({ kind: 'person', userId: person } as const);
    if (all) {
      const opening = { line: `revoke ${text.trim()}`, label: 'See what would end' };
      return withTrigger(call, opening, (triggerId) => openRevokeForm(slack, { userId, triggerId, what: all }));
    }
    const { view } = await slack.useCases.end({ userId, id, cause: 'revoked', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

const whatToCancel = (policy: Policy, { pending, live }: Overview): Reply =>
  choose({
    title: 'Which request do you cancel?',
    none: 'You have no request that waits.',
    items: [...pending, ...live.filter(isAhead)],
    lineOf: (view) => stateLine(policy, view),
    buttonsOf: ({ request }) => [cancelButton(request.id)],
  });

export const cancel: Command = {
  name: 'cancel',
  usage: 'cancel [id]',
  does: 'cancel a request that is still pending',
  audience: 'everyone',
  run: async ({ slack, userId, text, reply }) => {
    const [id] = split(text);
    if (!id) return reply(whatToCancel(slack.policy(), await slack.useCases.overview({ userId })));
    const { view } = await slack.useCases.cancel({ userId, requestId: id });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))} is cancelled.` });
  },
};
