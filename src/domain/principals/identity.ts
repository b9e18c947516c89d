/**
 * Two questions about identity, with a type each, so that one cannot be taken for the other.
 *
 * `isSameHuman`: may they be the same human? Wide: other accounts, `+tags` and dots after the domain count. Only ever against a person:
 * the requester never approves, everyone counts once, a denial holds.
 * `isTheOneNamed`: is this the one whom the policy names? Exact: the whole address, or the Slack id. Only this gives a right.
 */

/** What of a person's record distinguishes them; any two records that share one of these are one human. */
export type Identity = { id: string; userId: string; email: string | null };

declare const meaning: unique symbol;

/** A whole address, as the address book binds it to one account (`addressOf`): it may give a right. */
export type NamedAddress = string & { readonly [meaning]: 'named' };
/** An address without its tag: whose it is nobody knows, so it may only count against. */
export type SuspectMailbox = string & { readonly [meaning]: 'suspect' };

/**
 * An address as its account carries it, once the address book says that it is theirs. Rules compare it, so it may give a right: plain text
 * is none, and `boundEmail` is called only where that is known (a layout test holds the places).
 */
export type BoundEmail = string & { readonly [meaning]: 'bound' };

export const boundEmail = (email: string): BoundEmail => email as BoundEmail;

/** An account, with the address that is theirs by the address book. */
export type NamedAccount = { id: string; userId: string; address: NamedAddress | null };

/**
 * Blanks around it and the case of ASCII letters mean nothing, as in Slack, where an address belongs to one account whatever the case.
 * All else does: `+tags`, dots, and letters that only look alike, such as the Kelvin sign, which `toLowerCase` would make a `k`.
 */
export const namedAddress = (email: string): NamedAddress =>
  email.replaceAll(/^[ \t]+|[ \t]+$/g, '').replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) as NamedAddress;

/** `Dana+ops@Acme.test.` -> `dana@acme.test`; null when it is no address. */
export const normalEmail = (email: string): SuspectMailbox | null => {
  const text = email.trim().toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 1) return null;
  const local = text.slice(0, at);
  const plus = local.indexOf('+');
  const domain = text.slice(at + 1).replace(/\.+$/, '');
  const mailbox = plus > 0 ? local.slice(0, plus) : local;
  return domain ? (`${mailbox}@${domain}` as SuspectMailbox) : null;
};

const keysOf = (person: Identity): string[] => {
  const email = person.email === null ? null : normalEmail(person.email);
  const keys = [`id:${person.id}`, `user:${person.userId}`];
  return email === null ? keys : [...keys, `email:${email}`];
};

export const isSameHuman = (a: Identity, b: Identity): boolean => {
  const keys = new Set(keysOf(a));
  return keysOf(b).some((key) => keys.has(key));
};

/** True when `ref` (an email or a Slack user id, as the policy writes people) names this very account. */
export const isTheOneNamed = (ref: string, { id, userId, address }: NamedAccount): boolean =>
  ref.includes('@') ? address !== null && namedAddress(ref) === address : ref === userId || ref === id;

/** True when `ref` may mean the human behind these addresses. */
export const mayMean = (ref: string, emails: readonly string[]): boolean => {
  const wanted = normalEmail(ref);
  return wanted !== null && emails.some((email) => normalEmail(email) === wanted);
};

/**
 * Person id -> one id that stands for the human, also through a chain (A shares an email with B, B a user id with C).
 * Hand the result to `tally` as `humanOf`.
 */
export const humansAmong = (people: readonly Identity[]): Map<string, string> => {
  const parent = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let next = parent.get(root); next !== undefined && next !== root; next = parent.get(root)) root = next;
    return root;
  };
  for (const person of people) {
    const [first = '', ...rest] = keysOf(person);
    const root = rootOf(first);
    parent.set(root, root);
    for (const key of rest) parent.set(rootOf(key), root);
  }
  const humanOfRoot = new Map<string, string>();
  const humanOf = new Map<string, string>();
  for (const id of [...new Set(people.map((person) => person.id))].sort()) {
    const root = rootOf(`id:${id}`);
    const human = humanOfRoot.get(root) ?? id;
    humanOfRoot.set(root, human);
    humanOf.set(id, human);
  }
  return humanOf;
};
