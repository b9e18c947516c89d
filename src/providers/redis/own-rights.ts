/** What Latchkey's own user must be allowed, and what it is allowed besides. */
import type { Finding } from '../provider.ts';
import type { Catalog } from './catalog.ts';
import type { User } from './users.ts';

const NEEDS = [
  ...['setuser', 'deluser', 'list', 'cat', 'save', 'dryrun', 'whoami'].map((name) => `acl|${name}`),
  'client|list',
  'client|kill',
  'command|info',
  'role',
  'ping',
];

/** Names of users hold no space; redis-cli reads quotes. */
const word = (text: string): string => (/^[\w.:@-]+$/.test(text) ? text : JSON.stringify(text));

/** Without a password: anyone who has none yet gets one in a step of its own. */
export const preparationLine = (user: string): string =>
  `ACL SETUSER ${word(user)} on resetkeys resetchannels clearselectors -@all ${NEEDS.map((name) => `+${name}`).join(' ')}`;

const SURPLUS_SHOWN = 12;

export const ownRightFindings = (own: Omit<User, 'grantId'>, catalog: Catalog, where: string): Finding[] => {
  const { names } = catalog.expand(own.commands);
  const needs: readonly string[] = NEEDS;
  const open = new Set(catalog.commands.filter(({ isOpen }) => isOpen).map(({ name }) => name));
  const missing = needs.filter((name) => !names.has(name));
  const commands = [...names].filter((name) => !needs.includes(name) && !open.has(name) && !catalog.isContainer(name));
  const surplus = [...own.keys, ...own.channels, ...own.selectors, ...commands];
  const findings: Finding[] = [];
  if (missing.length > 0)
    findings.push({
      level: 'error',
      code: 'no_rights',
      message: `Latchkey's user lacks rights on ${where}. As an administrator: ACL SETUSER ${word(own.user)} ${missing.map((name) => `+${name}`).join(' ')}`,
    });
  if (surplus.length > 0)
    findings.push({
      level: 'warning',
      code: 'more_rights',
      message: `Latchkey's user may do more than it needs on ${where}: ${surplus.slice(0, SURPLUS_SHOWN).join(', ')}${surplus.length > SURPLUS_SHOWN ? ` and ${surplus.length - SURPLUS_SHOWN} more` : ''}. Take that away, or give Latchkey a user of its own: \`latchkey doctor --sql\` prints it.`,
    });
  return findings;
};
