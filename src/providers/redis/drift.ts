/** What exists on the nodes against what was made: our users as they are, what only looks like ours, and the way back. */
import { z } from 'zod';
import { ProviderError, type Difference, type Lookalike, type Ours, type ProviderContext } from '../provider.ts';
import type { Catalog } from './catalog.ts';
import type { Handle, Scope } from './config.ts';
import { change } from './grant.ts';
import type { Client, Server } from './client.ts';
import {
  assertOurs,
  channelRules,
  findUsers,
  isOurs,
  keyRules,
  markRule,
  saveUsers,
  scopeRules,
  type User,
} from './users.ts';

const list = z.array(z.string());
const nodeSchema = z.object({
  node: z.string(),
  isOn: z.boolean(),
  isOpen: z.boolean(),
  isOtherPassword: z.boolean(),
  expiresAtMs: z.number(),
  keys: list,
  commands: list,
  channels: list,
  selectors: list,
});
type OnNode = z.infer<typeof nodeSchema>;
const foundSchema = z.object({ nodes: z.array(nodeSchema), missingOn: list });

const onNode = (node: string, user: User): OnNode => ({
  node,
  isOn: user.isOn,
  isOpen: user.isOpen,
  isOtherPassword: user.hashes.join() !== (user.mark?.hash ?? ''),
  expiresAtMs: user.mark?.expiresAt.getTime() ?? 0,
  keys: user.keys,
  commands: user.commands,
  channels: user.channels,
  selectors: user.selectors,
});

type Seen = { node: string; users: User[] };

const findAll = async (server: Server, signal: AbortSignal): Promise<Seen[]> =>
  await server.runOnEach(signal, async (client) => ({
    node: client.node.name,
    users: await findUsers(client, null),
  }));

export const listOurs = async (server: Server, signal: AbortSignal): Promise<Ours<Handle>[]> => {
  const seen = await findAll(server, signal);
  const byName = new Map<string, { user: User; nodes: OnNode[] }>();
  for (const { node, users } of seen)
    for (const user of users.filter(isOurs)) {
      const known = byName.get(user.user) ?? { user, nodes: [] };
      known.nodes.push(onNode(node, user));
      byName.set(user.user, known);
    }
  return [...byName.values()].map(({ user, nodes }) => ({
    grantId: user.grantId,
    handle: { user: user.user },
    expiresAt: user.mark?.expiresAt ?? null,
    name: user.user,
    found: {
      nodes,
      missingOn: seen.map(({ node }) => node).filter((node) => !nodes.some((one) => one.node === node)),
    },
  }));
};

export const listLookalikes = async (server: Server, signal: AbortSignal): Promise<Lookalike[]> =>
  (await findAll(server, signal)).flatMap(({ node, users }) =>
    users
      .filter((user) => !isOurs(user))
      .map(({ user }) => ({
        kind: 'lookalike' as const,
        name: user,
        why: `it is named like a user of Latchkey on ${node} and has no mark of Latchkey.`,
      })),
  );

const without = (these: Iterable<string>, those: Iterable<string>): string[] => {
  const known = new Set(those);
  return [...new Set(these)].filter((one) => !known.has(one));
};

const widthOf = (scope: Scope, found: OnNode, catalog: Catalog | null): Difference[] => {
  const asked = catalog?.expand(scope.commands).names ?? new Set(scope.commands);
  const has = catalog?.expand(found.commands).names ?? new Set(found.commands);
  const keys = keyRules(scope);
  const surplus = [
    ...without(has, asked),
    ...without(found.keys, keys),
    ...without(found.channels, channelRules(scope)),
    ...found.selectors.map((rules) => `(${rules})`),
    ...(found.isOpen ? ['nopass'] : []),
    ...(found.isOtherPassword && !found.isOpen ? ['another password'] : []),
  ];
  const missing = [
    ...without(asked, has),
    ...(found.keys.includes('~*') ? [] : without(keys, found.keys)),
    ...(found.channels.includes('&*') ? [] : without(channelRules(scope), found.channels)),
  ];
  const said = (what: string[]): string =>
    `${what.slice(0, 8).join(', ')}${what.length > 8 ? ` and ${what.length - 8} more` : ''} on ${found.node}`;
  return [
    ...(surplus.length > 0 ? [{ kind: 'wider' as const, message: `it was given more: ${said(surplus)}` }] : []),
    ...(missing.length > 0 ? [{ kind: 'narrower' as const, message: `it lost ${said(missing)}` }] : []),
  ];
};

export const differences = (
  scope: Scope,
  { ours, expiresAt }: { ours: Ours<Handle>; expiresAt: Date },
  catalog: Catalog | null,
): Difference[] => {
  const { nodes, missingOn } = foundSchema.parse(ours.found);
  const live = nodes.filter(({ isOn }) => isOn);
  // Who shut it everywhere wanted it shut; its deadline and width do not matter any more.
  if (live.length === 0) return [{ kind: 'closed', message: 'it was closed by hand' }];
  const gone = [...missingOn, ...nodes.filter(({ isOn }) => !isOn).map(({ node }) => node)];
  const wrong = live.find(({ expiresAtMs }) => expiresAtMs !== expiresAt.getTime());
  return [
    ...(wrong
      ? [
          {
            kind: 'deadline' as const,
            message: `its mark on ${wrong.node} says ${new Date(wrong.expiresAtMs).toISOString()} instead of ${expiresAt.toISOString()}`,
          },
        ]
      : []),
    ...live.flatMap((found) => widthOf(scope, found, catalog)),
    ...(gone.length > 0
      ? [{ kind: 'narrower' as const, message: `it is missing or closed on ${gone.join(', ')}` }]
      : []),
  ];
};

const restoreOn = async (client: Client, scope: Scope, ctx: ProviderContext): Promise<boolean> => {
  const [found] = await findUsers(client, [{ grantId: ctx.grantId, user: null }]);
  if (!found?.isOn) return false;
  assertOurs(found, null);
  const hash = found.mark?.hash ?? '';
  const begunAt = found.mark?.begunAt ?? null;
  const mark = markRule({ grantId: ctx.grantId, expiresAt: ctx.expiresAt, hash, begunAt });
  const rules = ['resetpass', `#${hash}`, 'clearselectors', ...scopeRules(scope), mark];
  const after = await change(client, found.user, rules);
  if (after.isOpen || after.selectors.length > 0 || after.mark?.expiresAt.getTime() !== ctx.expiresAt.getTime())
    throw new ProviderError('conflict', `The user ${found.user} was not as it should be when read back.`);
  await saveUsers(client);
  return true;
};

/** On the nodes that have it; where it is gone or closed it stays so. */
export const restore = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const done = await server.runOnEach(ctx.signal, async (client) => await restoreOn(client, scope, ctx));
  if (!done.includes(true))
    throw new ProviderError('conflict', `The user of grant ${ctx.grantId} is gone or closed, so nothing was put back.`);
};
