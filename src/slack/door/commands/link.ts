/** `/prod-access link github`: whose an account of the CI is. It names people on cards, and keeps them from approving what they started. */
import { LINKED_KINDS } from '../../../domain/clients/account-host.ts';
import type { LinkedKind } from '../../../domain/clients/account-host.ts';
import { PLACE, SERVICE } from '../../../domain/clients/account-statement.ts';
import { date, escape, mention } from '../../messages/render/text.ts';
import { answerWith } from '../answer.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { CommandCall, Reply } from '../context.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

/** Where it cannot be read which, or none is linked yet: a button for each. */
const whichOne = (words: string, verb: keyof typeof LABELS): Reply =>
  answerWith(
    words,
    sayButtons(LINKED_KINDS.map((kind) => ({ line: `${verb} ${kind}`, label: `${LABELS[verb]} ${SERVICE[kind]}` }))),
  );

const LABELS = { link: 'Link', unlink: 'Unlink' } as const;

type Shown = Awaited<ReturnType<CommandCall['slack']['useCases']['ownLinks']>>[number];

const kindIn = (word: string): LinkedKind | null => LINKED_KINDS.find((kind) => kind === word.toLowerCase()) ?? null;

/** Slack writes an address as `<https://…>` or `<https://…|label>`. */
const bareAddress = (word: string): string => word.replace(/^<([^|>]*)(?:\|[^>]*)?>$/, '$1');

const HOW: Record<LinkedKind, (host: string) => string> = {
  github: (host) =>
    host === 'https://github.com'
      ? 'Make a secret gist on https://gist.github.com with exactly this line in one file:'
      : `Make a secret gist on ${escape(host)} with exactly this line in one file:`,
  gitlab: (host) =>
    `Make a personal snippet on ${escape(host)}, visible to Latchkey (Internal or Public), with exactly this line in one file:`,
};

const giveStatement = async ({ slack, userId, reply }: CommandCall, kind: LinkedKind): Promise<void> => {
  const { statement, host } = await slack.useCases.linkStatement({ userId, kind });
  const lines = [
    `*Show that a ${SERVICE[kind]} account is yours.* ${HOW[kind](host)}`,
    `\`\`\`${escape(statement)}\`\`\``,
    `Then type ${typed(`link ${kind} <address of the ${PLACE[kind]}>`)} within 15 minutes. After that you can delete the ${PLACE[kind]}.`,
    'A linked account names you on the messages of jobs that it starts, and you never approve those. It gives no access.',
  ];
  return reply({ text: lines.join('\n') });
};

const prove = async ({ slack, userId, reply }: CommandCall, kind: LinkedKind, word: string): Promise<void> => {
  const { login, accountId, policyNames } = await slack.useCases.linkAccount({
    userId,
    kind,
    place: bareAddress(word),
  });
  const said =
    policyNames === null
      ? 'You never approve what it starts, and its jobs name you. It is recorded.'
      : 'The policy said so already. It is recorded.';
  return reply({ text: `The ${SERVICE[kind]} account ${code(login)} (${accountId}) is linked to you. ${said}` });
};

const stateOf = ({ unlinkedAt, policyNames }: Shown): string =>
  [
    ...(unlinkedAt === null ? [] : ['unlinked: its jobs do not name its person, who still does not approve them']),
    ...(policyNames === null ? [] : [`the policy names ${code(policyNames)}, which comes first`]),
  ].join('; ');

const line = (one: Shown, whose: string): string => {
  const state = stateOf(one);
  const since = date(one.linkedAt, new Date());
  return `• ${SERVICE[one.kind]} ${code(one.login)} (${one.accountId})${whose}, since ${since}${state && `; ${state}`}`;
};

const showOwn = async ({ slack, userId, reply }: CommandCall): Promise<void> => {
  const links = await slack.useCases.ownLinks({ userId });
  if (links.length === 0) return reply(whichOne('You have no linked account.', 'link'));
  return reply({ text: ['*Your linked accounts*', ...links.map((one) => line(one, ''))].join('\n') });
};

const showAll = async ({ slack, userId, reply }: CommandCall): Promise<void> => {
  const links = await slack.useCases.allLinks({ userId });
  if (links.length === 0) return reply({ text: 'No account is linked to a person.' });
  const lines = links.map((one) => line(one, ` is ${mention(one)}`));
  const how = `${typed('unlink github 1001')} releases an account from its person.`;
  return reply({ text: ['*Linked accounts, the newest first*', ...lines, how].join('\n') });
};

export const link: Command = {
  name: 'link',
  usage: 'link [github|gitlab]',
  does: 'link your GitHub or GitLab account: jobs you start name you, and you never approve them yourself',
  audience: 'CI users',
  run: async (call) => {
    const [first = '', place, ...rest] = call.text.trim().split(/\s+/);
    if (first === '') return showOwn(call);
    if (first.toLowerCase() === 'list' && place === undefined) return showAll(call);
    const kind = kindIn(first);
    if (kind === null || rest.length > 0)
      return call.reply(whichOne(`Write it like ${typed('link github')} or ${typed('link gitlab')}.`, 'link'));
    return place === undefined ? giveStatement(call, kind) : prove(call, kind, place);
  },
};

export const unlink: Command = {
  name: 'unlink',
  usage: 'unlink <github|gitlab>',
  does: 'stop naming you on its jobs; admins: with an account id, release it from its person',
  audience: 'CI users',
  run: async (call) => {
    const { slack, userId, reply } = call;
    const [first = '', accountId, host = null, ...rest] = call.text.trim().split(/\s+/);
    const kind = kindIn(first);
    if (kind === null || rest.length > 0) return reply(whichOne(`Write it like ${typed('unlink github')}.`, 'unlink'));
    if (accountId !== undefined) {
      const { login, name } = await slack.useCases.releaseAccount({ userId, kind, accountId, host });
      return reply({
        text: `The ${SERVICE[kind]} account ${code(login)} (${code(accountId)}) is no longer linked to ${escape(name)}. It is recorded.`,
      });
    }
    const links = await slack.useCases.unlinkAccounts({ userId, kind });
    const names = links.map(({ login }) => code(login)).join(', ');
    const release = links.map((one) => typed(`unlink ${kind} ${one.accountId}`)).join(', ');
    return reply({
      text: `Jobs of ${names} name you no more. You still never approve what ${links.length > 1 ? 'they start' : 'it starts'}, until an admin who is another person types ${release}.`,
    });
  },
};
