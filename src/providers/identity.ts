/** What a person is called in a target, by the `identity` of that target. Never guessed: where it does not say, a sentence says so. */
import type { IdentityRule } from '../domain/policy/types.ts';
import { namedAddress } from '../domain/principals/identity.ts';
import type { Principal } from '../domain/principals/principal.ts';
import type { Identity } from './provider.ts';

const PLACEHOLDER = /\{([^{}]*)\}/g;
const PLACEHOLDERS = ['email', 'local'] as const;

type Placing = (template: string, value: string) => string;
type Naming = {
  target: string;
  rule: IdentityRule | undefined;
  grantee: Principal;
  /** Makes a value fit into the text around it, where that has a grammar of its own. */
  quote?: Placing | undefined;
};

export const identityIn = ({ target, rule, grantee, quote }: Naming): Identity => {
  const place = `identity of ${target} in latchkey.yml`;
  if (!rule) return { missing: `There is no ${place}, so Latchkey does not know who ${grantee.name} is there.` };
  if (grantee.kind !== 'person')
    return { missing: `A client has no account of its own in ${target}: only people can be given this.` };
  const { email, userId, name } = grantee;
  const address = email === null ? null : namedAddress(email);
  if ('map' in rule) {
    const user = [userId, address].flatMap((key) => (key === null ? [] : (entryOf(rule.map, key) ?? [])))[0];
    const who = address === null ? name : `${name} (${address})`;
    return user === undefined
      ? { missing: `${who} is not in the map of ${place}, and Latchkey guesses no names. An admin adds them there.` }
      : { user };
  }
  if (address === null) return { missing: `Slack gives no address of ${name}, which the ${place} needs.` };
  if ('lookup' in rule) return { lookup: rule.lookup, value: address };
  const values = { email: address, local: address.slice(0, address.lastIndexOf('@')) };
  const filled = rule.user.replaceAll(PLACEHOLDER, (_whole, key: keyof typeof values) => {
    const value = values[key];
    return quote ? quote(rule.user, value) : value;
  });
  return { user: filled };
};

/** Addresses in the map are compared as everywhere: capitals mean nothing. */
const entryOf = (map: Readonly<Record<string, string>>, key: string): string | undefined => {
  if (Object.hasOwn(map, key)) return map[key];
  return Object.entries(map).find(([written]) => written.includes('@') && namedAddress(written) === key)?.[1];
};

/** Of the text of a `user`. */
export const templateProblem = (template: string): string | null => {
  const known: readonly string[] = PLACEHOLDERS;
  const used = [...template.matchAll(PLACEHOLDER)].map(([, key = '']) => key);
  const unknown = used.find((key) => !known.includes(key));
  if (unknown !== undefined)
    return `knows {email} and {local} (the part before the @), and no {${unknown.slice(0, 40)}}`;
  return used.length === 0 ? 'is the same for everybody: it needs {email} or {local} in it' : null;
};
