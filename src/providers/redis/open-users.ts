/** Users that need no password: anyone who was cut off would come back by one. */
import type { Client } from './client.ts';
import { allUsers } from './users.ts';

/** A sentence with its remedy, or null. */
export const openUsersProblem = async (client: Client): Promise<string | null> => {
  const open = (await allUsers(client)).filter(
    ({ isOn, isOpen, commands, selectors }) =>
      isOn && isOpen && [...commands, ...selectors].some((rules) => /(?:^|\s)\+/.test(rules)),
  );
  const [first] = open;
  if (!first) return null;
  const remedy =
    first.user === 'default'
      ? 'ACL SETUSER default resetpass >…, or ACL SETUSER default off'
      : `ACL SETUSER ${first.user} off`;
  return `The server at ${client.node.name} lets everybody in without a password as ${open.map(({ user }) => user).join(', ')}, so ending access there would end nothing. As an administrator: ${remedy}.`;
};
