/** Names and texts in statements. The connections' own `sql_mode` makes both mean the same on every server. */

/** A name in backticks. */
export const name = (text: string): string => `\`${text.replaceAll('`', '``')}\``;

/** A text in single quotes, where backslashes escape. */
export const literal = (text: string): string => {
  const escaped = text.replaceAll(/[\0\n\r\x1a\\']/g, (char) => ESCAPES[char] ?? char);
  return `'${escaped}'`;
};

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': String.raw`\0`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\x1a': String.raw`\Z`,
  '\\': String.raw`\\`,
  "'": String.raw`\'`,
};

/** Every account that Latchkey makes may come from anywhere: who reaches the server is the network's business. */
const ANYWHERE = '%';

export const account = (user: string, host: string = ANYWHERE): string => `${literal(user)}@${literal(host)}`;

/** `user@host`, where the user may hold an `@`. */
export const ownAccount = (user: string): string => {
  const at = user.lastIndexOf('@');
  return account(user.slice(0, at), user.slice(at + 1));
};
