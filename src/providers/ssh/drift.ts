/** What exists on the hosts against what was made: our accounts as they are, what only looks like ours, and the way back. */
import { z } from 'zod';
import { onEachNode } from '../kit/nodes.ts';
import { ProviderError, type Difference, type Lookalike, type Ours, type ProviderContext } from '../provider.ts';
import { sudoLines, type Handle, type Scope } from './config.ts';
import { isAsRequested, isScope, valuesOf } from './grant.ts';
import { ask, type Account } from './questions.ts';
import type { Server } from './server.ts';

const accountSchema = z.object({
  account: z.string(),
  grantId: z.string(),
  deadlineMs: z.number(),
  isOpen: z.boolean(),
  canForward: z.boolean(),
  command: z.string(),
  sudo: z.string(),
  changed: z.array(z.string()),
  left: z.string(),
});
const foundSchema = z.object({
  on: z.array(z.object({ host: z.string(), account: accountSchema })),
  missingOn: z.array(z.string()),
});
type OnHost = z.infer<typeof foundSchema>['on'][number];

export const listOurs = async (server: Server, signal: AbortSignal): Promise<Ours<Handle>[]> => {
  const seen = await onEachNode(server.hosts, async (host) => ({
    host: host.name,
    accounts: (await ask(host, { verb: 'list' }, signal)).accounts,
  }));
  const byName = new Map<string, OnHost[]>();
  for (const { host, accounts } of seen)
    for (const account of accounts)
      byName.set(account.account, [...(byName.get(account.account) ?? []), { host, account }]);
  return [...byName].map(([user, on]) => {
    const deadlineMs = on[0]?.account.deadlineMs ?? 0;
    return {
      grantId: on[0]?.account.grantId ?? '',
      handle: { user },
      expiresAt: deadlineMs > 0 ? new Date(deadlineMs) : null,
      name: user,
      found: { on, missingOn: seen.map(({ host }) => host).filter((host) => !on.some((one) => one.host === host)) },
    };
  });
};

export const listLookalikes = async (server: Server, signal: AbortSignal): Promise<Lookalike[]> => {
  const seen = await onEachNode(server.hosts, async (host) => ({
    host: host.name,
    foreign: (await ask(host, { verb: 'list' }, signal)).foreign,
  }));
  return seen.flatMap(({ host, foreign }) =>
    foreign.map((name) => ({
      kind: 'lookalike' as const,
      name,
      why: `it is named like an account of Latchkey on ${host} and has no mark of Latchkey.`,
    })),
  );
};

const CHANGES: Readonly<Record<string, string>> = {
  account: 'its user id, folder or shell was changed',
  groups: 'it was put into groups',
  password: 'it was given a password',
  key: 'its key file was changed',
  sudo: 'its sudo rules were changed',
};

const widthOf = ({ host, account }: OnHost, scope: Scope): Difference[] => {
  const words = account.changed.flatMap((word) => CHANGES[word] ?? []);
  const message = [...words, ...(isScope(account, scope) ? [] : ['it was made for another scope'])].join(', ');
  return message === '' ? [] : [{ kind: 'wider', message: `on ${host} ${message}` }];
};

const isShut = ({ account }: OnHost): boolean => !account.isOpen || account.changed.includes('shut');

export const differences = (scope: Scope, ours: Ours<Handle>, expiresAt: Date): Difference[] => {
  const { on, missingOn } = foundSchema.parse(ours.found);
  const live = on.filter((one) => !isShut(one));
  // Who shut it everywhere wanted it shut; its deadline and width do not matter any more.
  if (live.length === 0) return [{ kind: 'closed', message: 'it was closed' }];
  const gone = [...missingOn, ...on.filter(isShut).map(({ host }) => host)];
  const wrong = live.find(({ account }) => account.deadlineMs !== expiresAt.getTime());
  return [
    ...(wrong
      ? [
          {
            kind: 'deadline' as const,
            message: `its deadline on ${wrong.host} is ${new Date(wrong.account.deadlineMs).toISOString()} instead of ${expiresAt.toISOString()}`,
          },
        ]
      : []),
    ...live.flatMap((one) => widthOf(one, scope)),
    ...(gone.length > 0
      ? [{ kind: 'narrower' as const, message: `it is missing or closed on ${gone.join(', ')}` }]
      : []),
  ];
};

const isThere = (found: Account | undefined): found is Account =>
  found !== undefined && found.isOpen && !found.changed.includes('shut');

/** On the hosts that have it; where it is gone or closed it stays so. */
export const restore = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const done = await onEachNode(server.hosts, async (host) => {
    const { accounts } = await ask(host, { verb: 'list' }, ctx.signal);
    const found = accounts.find(({ grantId }) => grantId === ctx.grantId);
    if (!isThere(found)) return false;
    const values = { account: found.account, deadline: String(ctx.expiresAt.getTime()), ...valuesOf(scope) };
    const after = (await ask(host, { verb: 'restore', values }, ctx.signal)).accounts.find(
      ({ account }) => account === found.account,
    );
    if (!after || !isAsRequested(after, scope, ctx.expiresAt))
      throw new ProviderError(
        'conflict',
        `The account ${found.account} was not as it should be when read back from ${host.name}.`,
      );
    return true;
  });
  if (!done.includes(true))
    throw new ProviderError(
      'conflict',
      `The account of grant ${ctx.grantId} is gone or closed, so nothing was put back.`,
    );
};

/** What an end does not take away. */
export const survivesOf = (scope: Scope): string =>
  sudoLines(scope).length > 0
    ? 'What was done as root through sudo stays, and somebody could keep access by it: accounts, files, jobs, programs.'
    : "Changes to other people's files stay.";
