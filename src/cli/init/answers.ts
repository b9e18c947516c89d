/** What `latchkey init` needs to know: from flags, from a person at a terminal, or what is usual. */
import { isTimezone } from '../../domain/time/zone.ts';
import { CHANNEL } from '../../config/policy-values.ts';
import { PERSON } from '../../config/policy-words.ts';
import { suggestion } from '../../config/problem.ts';
import { UsageError } from '../exit.ts';

export type InitTarget = { name: string; provider: string };
export type Answers = {
  targets: InitTarget[];
  owners: string[];
  admins: string[];
  channel: string;
  timezone: string;
  /** null: Socket Mode, which needs no public address. */
  publicUrl: string | null;
};
export type InitFlags = {
  target?: string[];
  owner?: string;
  admin?: string;
  channel?: string;
  timezone?: string;
  publicUrl?: string;
};

/** Asks a person, and gives what they typed; null where no one can be asked. */
export type Ask = ((question: string) => Promise<string>) | null;

const NAME = /^[a-z][a-z0-9-]{0,40}$/;
export const NOT_ANSWERED = { owner: 'owner@example.com', admin: 'admin@example.com' };

type Question<Value> = {
  text: string;
  flag: string;
  given: string | undefined;
  usual: string;
  /** The value, or a sentence that says what is wrong with it. */
  read: (text: string) => { value: Value } | { problem: string };
};

const matching =
  (isRight: (text: string) => boolean, problem: (text: string) => string): Question<string>['read'] =>
  (text) =>
    isRight(text) ? { value: text } : { problem: problem(text) };

const readPeople: Question<string[]>['read'] = (text) => {
  const people = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = people.length === 0 ? text : people.find((person) => !PERSON.test(person));
  return wrong === undefined
    ? { value: people }
    : { problem: `"${wrong}" is no email and no Slack user id; write it as dana@acme.test.` };
};

const readTarget = (text: string, providers: readonly string[]): { value: InitTarget } | { problem: string } => {
  const [name = '', provider = '', ...rest] = text.split('=').map((part) => part.trim());
  if (rest.length > 0 || !NAME.test(name) || provider === '')
    return { problem: `"${text}" is no target; write its name and its kind, as orders-db=postgres.` };
  if (providers.includes(provider)) return { value: { name, provider } };
  const known = suggestion(provider, [...providers], `known are: ${providers.join(', ')}.`);
  return { problem: `"${provider}" is no kind of target${known}` };
};

const readTargets =
  (providers: readonly string[]): Question<InitTarget[]>['read'] =>
  (text) => {
    const targets: InitTarget[] = [];
    for (const part of text.split(/[\s,]+/).filter(Boolean)) {
      const read = readTarget(part, providers);
      if ('problem' in read) return read;
      const { value } = read;
      if (targets.some(({ name }) => name === value.name)) return { problem: `"${value.name}" is named twice.` };
      targets.push(value);
    }
    return targets.length > 0 ? { value: targets } : { problem: 'Name one target at least, as orders-db=postgres.' };
  };

/** It is written into files of YAML and of the environment as it stands. No query, no fragment, no user. */
const PLAIN_ADDRESS = /^https:\/\/[\w.~:/%[\]-]+$/;

const readPublicUrl = (text: string): { value: string | null } | { problem: string } => {
  if (text === '' || text === '-') return { value: null };
  // As it is sent: a host in other letters is there in those of the DNS.
  const address = /^https:\/\/\S+$/i.test(text) && URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : '';
  return PLAIN_ADDRESS.test(address)
    ? { value: address }
    : { problem: `"${text}" is no public address; write it as https://latchkey.acme.test, or leave it out.` };
};

/** A flag that is wrong ends the command; a wrong answer is prompted for again. */
const answer = async <Value>(ask: Ask, { text, flag, given, usual, read }: Question<Value>): Promise<Value> => {
  if (given !== undefined || ask === null) {
    const found = read((given ?? usual).trim());
    if ('problem' in found) throw new UsageError(`${flag}: ${found.problem}`);
    return found.value;
  }
  for (let problem = ''; ;) {
    const typed = (await ask(`${problem}${text}${usual ? ` [${usual}]` : ''}: `)).trim();
    const found = read(typed || usual);
    if ('value' in found) return found.value;
    problem = `${found.problem}\n`;
  }
};

type Asking = { ask: Ask; providers: readonly string[] };

const readWho = async (flags: InitFlags, { ask, providers }: Asking) => {
  const targets = await answer(ask, {
    text: `Targets to start with, as name=kind (${providers.join(', ')})`,
    flag: '--target',
    given: flags.target?.join(' '),
    usual: 'orders-db=postgres',
    read: readTargets(providers),
  });
  const owners = await answer(ask, {
    text: 'Who owns them and approves requests (emails; two or more, since no one approves their own)',
    flag: '--owner',
    given: flags.owner,
    usual: ask === null ? NOT_ANSWERED.owner : '',
    read: readPeople,
  });
  const admins = await answer(ask, {
    text: 'Who administers Latchkey (emails)',
    flag: '--admin',
    given: flags.admin,
    usual: ask === null ? NOT_ANSWERED.admin : '',
    read: readPeople,
  });
  return { targets, owners, admins };
};

const readWhere = async (flags: InitFlags, ask: Ask) => {
  const channel = await answer(ask, {
    text: 'The Slack channel for requests',
    flag: '--channel',
    given: flags.channel,
    usual: '#prod-access',
    read: matching(
      (text) => CHANNEL.test(text),
      (text) => `"${text}" is no channel; write it as #prod-access (in quotes in a shell), or its id.`,
    ),
  });
  const timezone = await answer(ask, {
    text: 'Time zone',
    flag: '--timezone',
    given: flags.timezone,
    usual: new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    read: matching(isTimezone, (text) => `"${text}" is no time zone; write one like Europe/Berlin.`),
  });
  const publicUrl = await answer(ask, {
    text: 'A public https:// address for Slack; none for Socket Mode',
    flag: '--public-url',
    given: flags.publicUrl,
    usual: '',
    read: readPublicUrl,
  });
  return { channel, timezone, publicUrl };
};

export const readAnswers = async (flags: InitFlags, asking: Asking): Promise<Answers> => ({
  ...(await readWho(flags, asking)),
  ...(await readWhere(flags, asking.ask)),
});
