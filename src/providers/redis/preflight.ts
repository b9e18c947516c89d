/** Looks a target over before it is needed: every node reachable, allowed to do its work, and allowed no more than that. */
import { isLoopback } from '../../lib/postgres-tls.ts';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import { isReply, replyCode } from './errors.ts';
import { openUsersProblem } from './open-users.ts';
import { ownRightFindings, preparationLine } from './own-rights.ts';
import { refusalOf } from './refusal.ts';
import type { Client, Server } from './client.ts';
import { allUsers } from './users.ts';

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

const plainFindings = ({ node }: Client): Finding[] =>
  node.isTls || isLoopback(node.host)
    ? []
    : [warning('not_encrypted', `The connection to ${node.name} is not encrypted: write rediss:// in nodes.`)];

/** ACL users are not replicated: on a server that is not named, a grant does nothing and its end does nothing. */
const replicaFindings = async (client: Client, nodes: number): Promise<Finding[]> => {
  const role = await client.call('ROLE');
  const replicas = Array.isArray(role) && Array.isArray(role[2]) ? role[2].length : 0;
  if (replicas < nodes) return [];
  return [
    warning(
      'nodes_missing',
      `The server at ${client.node.name} has ${replicas} replica(s), and the target names ${nodes} node(s): name each server in nodes, since ACL users are not replicated.`,
    ),
  ];
};

type Asked = { scopes: Record<string, Scope>; nodes: number };

const look = async (client: Client, { scopes, nodes }: Asked): Promise<Finding[]> => {
  const catalog = await client.catalog();
  const me = String(await client.call('ACL', 'WHOAMI'));
  const own = (await allUsers(client)).find(({ user }) => user === me);
  const rights = own ? ownRightFindings(own, catalog, client.node.name) : [];
  if (rights.some(({ level }) => level === 'error')) return rights;
  const open = await openUsersProblem(client);
  const roles = Object.entries(scopes).flatMap(([role, scope]) => {
    const refusal = refusalOf(scope.commands, catalog);
    return refusal === null ? [] : [error('role_refused', `Role ${role} on ${client.node.name}: ${refusal}.`)];
  });
  return [
    ...rights,
    ...plainFindings(client),
    ...(open === null ? [] : [error('open_user', open)]),
    ...roles,
    ...(await replicaFindings(client, nodes)),
  ];
};

const explained = (failure: ProviderError, user: string): Finding =>
  isReply(failure.cause) && replyCode(failure.cause) === 'NOPERM'
    ? error('no_rights', `${failure.message} As an administrator: ${preparationLine(user)}`)
    : error(failure.kind, failure.message);

/** A target that cannot be looked over is a finding too, not a failure of the look. */
export const preflight = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const { nodes } = server.settings;
  try {
    const found = await server.runOnEach(signal, async (client) => await look(client, { scopes, nodes: nodes.length }));
    return found.flat();
  } catch (failure) {
    if (failure instanceof ProviderError) return [explained(failure, nodes[0].user)];
    throw failure;
  }
};
