/** Who is the same human: the question behind "nobody decides about themselves" and "everyone counts once". */

/** What of a person's record tells them apart; any two records that share one of these are one human. */
export type Identity = { id: string; userId: string; email: string | null };

/** `Dana+ops@Acme.test.` -> `dana@acme.test`; null when it is no address. */
export const normalEmail = (email: string): string | null => {
  const text = email.trim().toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 1) return null;
  const local = text.slice(0, at);
  const plus = local.indexOf('+');
  const domain = text.slice(at + 1).replace(/\.+$/, '');
  const mailbox = plus > 0 ? local.slice(0, plus) : local;
  return domain ? `${mailbox}@${domain}` : null;
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

/** True when `ref` (an email or a Slack user id, as the policy writes people) means this person. */
export const isPersonRef = (ref: string, person: Identity): boolean => {
  if (!ref.includes('@')) return ref === person.userId || ref === person.id;
  const wanted = normalEmail(ref);
  return wanted !== null && person.email !== null && wanted === normalEmail(person.email);
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
