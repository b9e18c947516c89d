/** `done` gives one's own access back; `revoke` ends somebody else's, for admins and owners; `cancel` takes a request back. */
import { DomainError } from '../../../domain/errors.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { RevokeWhat } from '../../../application/revocations/revoke-all.ts';
import { ENDING } from '../actions/own.ts';
import { factsOf } from '../../messages/render/facts.ts';
import { what } from '../../messages/render/phrases.ts';
import { sentenceList } from '../../messages/render/text.ts';
import { openRevokeForm } from '../views/revoke-form.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';
import { splitPerson } from './read-person.ts';

const split = (text: string): [string, string] => {
  const [id = ''] = text.trim().split(/\s/, 1);
  return [id.replace(/^[`#]+|`+$/g, '').toLowerCase(), text.trim().slice(id.length).trim()];
};

export const done: Command = {
  name: 'done',
  usage: 'done [id]',
  does: 'give access back before it expires',
  run: async ({ slack, userId, text, reply }) => {
    const [id, reason] = split(text);
    const { view } = await slack.useCases.end({ userId, id: id || null, cause: 'done', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

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

export const revoke: Command = {
  name: 'revoke',
  usage: 'revoke <id> | @person | <target> | all',
  does: 'end access now: your own, or anyone’s for owners and admins; more than one grant is confirmed first',
  run: async ({ slack, userId, triggerId, text, reply }) => {
    const [id, reason] = split(text);
    if (!id) return reply({ text: `Say which: ${FORMS}. ${typed('who <target>')} shows the ids.` });
    const { person, unread } = splitPerson(text.trim().split(/\s/, 1)[0] ?? '');
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const all = person === null ? readWhat(slack.policy(), id) : ({ kind: 'person', userId: person } as const);
    if (all) return openRevokeForm(slack, { userId, triggerId, what: all });
    const { view } = await slack.useCases.end({ userId, id, cause: 'revoked', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

export const cancel: Command = {
  name: 'cancel',
  usage: 'cancel <id>',
  does: 'cancel a request that is still pending',
  run: async ({ slack, userId, text, reply }) => {
    const [id] = split(text);
    if (!id) return reply({ text: `Say which: ${typed('cancel <id>')}. ${typed('list')} shows the ids.` });
    const { view } = await slack.useCases.cancel({ userId, requestId: id });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))} is cancelled.` });
  },
};
