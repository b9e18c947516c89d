/** The questions to the helper on a host, and what its answers say. `integrations/ssh-host/latchkey-host` is the other end. */
import { ProviderError } from '../provider.ts';
import type { HostConnection } from './connection.ts';
import { isKind } from './errors.ts';

const VERSION = '4';
/** Still understood, so that what was given ends on a host whose helper is of an earlier release. */
const OLD_VERSIONS = ['1', '2', '3'];

/** One account that Latchkey made with this ca_key, as it is. */
export type Account = {
  account: string;
  grantId: string;
  deadlineMs: number;
  isOpen: boolean;
  canForward: boolean;
  command: string;
  sudo: string;
  /** What differs from what the helper wrote down: account, groups, password, shut, key, sudo. */
  changed: string[];
  /** A file of it that could not be removed at its end; empty where there is none. */
  left: string;
};
export type Used = { account: string; forMs: number };
export type Answer = {
  host: { nowMs: number; system: string; hasSudo: boolean; missing: string; isHelperOld: boolean } | null;
  accounts: Account[];
  used: Used[];
  /** Named like ours and not made by Latchkey with this ca_key. */
  foreign: string[];
  did: string[];
  failed: { account: string; error: ProviderError }[];
};

type Question = {
  verb: 'list' | 'use' | 'open' | 'move' | 'restore' | 'close' | 'remove';
  values?: Readonly<Record<string, string>>;
};

const textOf = ({ verb, values = {} }: Question): string =>
  `${[verb, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join('\n')}\n`;

const unBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

const accountOf = (words: readonly string[]): Account => {
  const [account = '', grantId = '', deadline = '', state = '', forward = '', ...rest] = words;
  const [command = '', sudo = '', changed = '', left = ''] = rest;
  return {
    account,
    grantId,
    deadlineMs: Number(deadline),
    isOpen: state === 'open',
    canForward: forward === 'yes',
    command: unBase64(command),
    sudo: unBase64(sudo),
    changed: changed.split(' ').filter((word) => word !== ''),
    left,
  };
};

const errorOf = (name: string, [kind = '', sentence = '']: readonly string[]): ProviderError =>
  new ProviderError(isKind(kind) ? kind : 'unavailable', `The host ${name}: ${sentence}.`);

const NOT_WHOLE =
  'the helper did not answer as it should; run the script of `latchkey doctor --sql` there again as root';

/** @throws ProviderError where the helper refused, or was cut off. */
const read = (name: string, text: string): Answer => {
  const answer: Answer = { host: null, accounts: [], used: [], foreign: [], did: [], failed: [] };
  const lines = text.split('\n').map((line) => line.split('\t'));
  const refusal = lines.find(([word]) => word === 'error');
  if (refusal) throw errorOf(name, refusal.slice(1));
  const [[greeting, version = ''] = []] = lines;
  const isHelperOld = OLD_VERSIONS.includes(version);
  const isKnown = greeting === 'latchkey-host' && (version === VERSION || isHelperOld);
  if (!isKnown || !lines.some(([word]) => word === 'end'))
    throw new ProviderError(text === '' ? 'unavailable' : 'misconfigured', `The host ${name}: ${NOT_WHOLE}.`);
  for (const [word, ...rest] of lines) {
    const [first = '', second = '', third = '', fourth = ''] = rest;
    if (word === 'account') answer.accounts.push(accountOf(rest));
    if (word === 'used') answer.used.push({ account: first, forMs: Number(second) });
    if (word === 'foreign') answer.foreign.push(first);
    if (word === 'did') answer.did.push(first);
    if (word === 'failed') answer.failed.push({ account: first, error: errorOf(name, rest.slice(1)) });
    if (word === 'host')
      answer.host = { nowMs: Number(first), system: second, hasSudo: third === 'yes', missing: fourth, isHelperOld };
  }
  return answer;
};

export const ask = async (host: HostConnection, question: Question, signal: AbortSignal): Promise<Answer> =>
  read(host.name, await host.say(textOf(question), signal));

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
