/** The ACL users of grants on a node: how they are written, how they are found, and which of them Latchkey made. */
import { grantNamedIn, prefixOf } from '../kit/login-name.ts';
import { ProviderError } from '../provider.ts';
import type { Scope } from './config.ts';
import type { Client } from './client.ts';

/** What is looked for: a grant, and the name of its user where it is known. */
export type Wanted = { grantId: string; user: string | null };

/**
 * The selector that allows nothing and says whose user this is. `hash`: of the password that Latchkey gave it. `begunAt`: null in marks of
 * older versions.
 */
export type Mark = { grantId: string; expiresAt: Date; hash: string; begunAt: Date | null };

export type User = {
  grantId: string;
  user: string;
  isOn: boolean;
  /** Anybody gets in by any password. */
  isOpen: boolean;
  hashes: string[];
  keys: string[];
  commands: string[];
  channels: string[];
  /** Other selectors than the mark: rights that somebody added. */
  selectors: string[];
  mark: Mark | null;
};

const MARK = /^%R~latchkey:([a-z0-9]{1,40}):(\d{1,15}):([0-9a-f]{64})(?::(\d{1,15}))?(?: resetchannels)?(?: -@all)?$/;

/** For ACL SETUSER, after `clearselectors`. */
export const markRule = ({ grantId, expiresAt, hash, begunAt }: Mark): string => {
  const facts = [grantId, expiresAt.getTime(), hash, ...(begunAt ? [begunAt.getTime()] : [])];
  return `(%R~latchkey:${facts.join(':')} resetchannels -@all)`;
};

const markIn = (selector: string): Mark | null => {
  const [, grantId, epoch, hash, begun] = MARK.exec(selector) ?? [];
  if (grantId === undefined || hash === undefined) return null;
  const begunAt = begun === undefined ? null : new Date(Number(begun));
  return { grantId, expiresAt: new Date(Number(epoch)), hash, begunAt };
};

export const keyRules = (scope: Pick<Scope, 'keys'>): string[] =>
  scope.keys.map((key) => (/^%(?:R|W|RW)~/.test(key) ? key.replace(/^%RW~/, '~') : `~${key}`));
export const channelRules = (scope: Pick<Scope, 'channels'>): string[] =>
  (scope.channels ?? []).map((name) => `&${name}`);

/** Keys, channels and commands, each from nothing. */
export const scopeRules = (scope: Scope): string[] => [
  'resetkeys',
  ...keyRules(scope),
  'resetchannels',
  ...channelRules(scope),
  '-@all',
  ...scope.commands,
];

const WHOLE: Readonly<Record<string, string>> = {
  allkeys: '~*',
  allchannels: '&*',
  allcommands: '+@all',
  nocommands: '-@all',
};

/** A line of ACL LIST. */
const userOf = (line: string): Omit<User, 'grantId'> => {
  const selectors = [...line.matchAll(/ \(([^()]*)\)/g)].map(([, inner = '']) => inner);
  const [, user = '', ...rules] = line.replaceAll(/ \([^()]*\)/g, '').split(' ');
  const given = rules.map((rule) => WHOLE[rule] ?? rule);
  const starting = (pattern: RegExp): string[] => given.filter((rule) => pattern.test(rule));
  const marks = selectors.map(markIn);
  return {
    user,
    isOn: given.includes('on'),
    isOpen: given.includes('nopass'),
    hashes: starting(/^#/).map((hash) => hash.slice(1)),
    keys: starting(/^[~%]/),
    channels: starting(/^&/),
    commands: starting(/^[+-]/),
    selectors: selectors.filter((_selector, index) => !marks[index]),
    mark: marks.find((mark) => mark !== null) ?? null,
  };
};

export const allUsers = async (client: Client): Promise<Omit<User, 'grantId'>[]> => {
  const lines = await client.call('ACL', 'LIST');
  return Array.isArray(lines) ? lines.map((line) => userOf(String(line))) : [];
};

/** Every user that may be that of these grants, or of any; ours or not. */
export const findUsers = async (client: Client, wanted: readonly Wanted[] | null): Promise<User[]> =>
  (await allUsers(client)).flatMap((found): User[] => {
    const named = grantNamedIn(found.user);
    if (wanted === null) return named === null ? [] : [{ ...found, grantId: named }];
    const mine = wanted.find(({ grantId, user }) => user === found.user || found.user.startsWith(prefixOf(grantId)));
    return mine ? [{ ...found, grantId: mine.grantId }] : [];
  });

export const isOurs = ({ user, grantId, mark }: User): boolean =>
  mark?.grantId === grantId && grantNamedIn(user) === grantId;

/**
 * Its mark says so, or Latchkey remembers that it made it: taking the mark away shall not keep a user from being ended.
 * @throws ProviderError `denied` otherwise.
 */
export const assertOurs = (found: User, remembered: string | null): void => {
  if (isOurs(found) || (found.user === remembered && grantNamedIn(found.user) === found.grantId)) return;
  throw new ProviderError(
    'denied',
    `The user ${found.user} is named like that of grant ${found.grantId} and has no mark of Latchkey, so Latchkey leaves it alone. ` +
      `If it is that user, end it by hand: ACL SETUSER ${found.user} off, CLIENT KILL USER ${found.user}, ACL DELUSER ${found.user}.`,
  );
};

/** The server gives it no code. */
const NO_FILE = /not configured to use an ACL file/i;

/** Without it, what was removed comes back with the next ACL LOAD or start. Where there is no `aclfile` there is nothing to save. */
export const saveUsers = async (client: Client): Promise<void> => {
  const [answer] = await client.each([['ACL', 'SAVE']]);
  if (!(answer instanceof Error) || NO_FILE.test(answer.message)) return;
  if (answer.message.startsWith('NOPERM')) throw answer;
  throw new ProviderError(
    'unavailable',
    `The server at ${client.node.name} could not write its aclfile, so the change would be undone by its next start. Its log says why.`,
    { cause: answer },
  );
};
