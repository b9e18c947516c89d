/** Locks the accounts of grants, ends what runs there, and removes them with all that they left; each read back on every host. */
import { grantNamedIn, prefixOf } from '../kit/login-name.ts';
import { onEachNode } from '../kit/nodes.ts';
import { ProviderError, type InUse, type ProviderContext } from '../provider.ts';
import { ask, type Answer } from './questions.ts';
import type { HostConnection } from './connection.ts';
import type { Server } from './server.ts';

/** What is looked for: a grant, and the name of its account where it is known. */
export type Wanted = { grantId: string; user: string | null };
type Outcome = 'removed' | 'already_absent';
type Ending = Pick<ProviderContext, 'signal'> & { onInUse?: ((inUse: InUse) => void) | undefined };

const isWanted = (account: string, { grantId, user }: Wanted): boolean =>
  account === user || account.startsWith(prefixOf(grantId));

/** Every account there that may be that of these grants; ours or not. */
const accountsFor = ({ accounts, foreign }: Answer, wanted: readonly Wanted[]): string[] =>
  [...accounts.map(({ account }) => account), ...foreign].filter((account) =>
    wanted.some((one) => isWanted(account, one)),
  );

const assertOurs = ({ foreign }: Answer, host: HostConnection): void => {
  const [account] = foreign;
  if (account !== undefined)
    throw new ProviderError(
      'denied',
      `The account ${account} on ${host.name} is named like that of grant ${grantNamedIn(account) ?? ''} and was not made by Latchkey, so Latchkey leaves it alone. ` +
        `If it is that account, end it there by hand as root: pkill -KILL -u ${account}; userdel -r ${account}.`,
    );
};

/** The names of those that were there and are closed or removed now. */
const endOn = async (
  host: HostConnection,
  { verb, wanted }: { verb: 'close' | 'remove'; wanted: readonly Wanted[] },
  { signal, onInUse }: Ending,
): Promise<string[]> => {
  const names = accountsFor(await ask(host, { verb: 'list' }, signal), wanted);
  if (names.length === 0) return [];
  const remembered = wanted.flatMap(({ user }) => user ?? []).join(' ');
  const answer = await ask(host, { verb, values: { accounts: names.join(' '), remembered } }, signal);
  for (const { account, forMs } of answer.used) onInUse?.({ grantId: grantNamedIn(account) ?? '', forMs });
  assertOurs(answer, host);
  const [failure] = answer.failed;
  if (failure) throw failure.error;
  await confirmOn(host, { verb, names: answer.did }, signal);
  return answer.did;
};

const confirmOn = async (
  host: HostConnection,
  { verb, names }: { verb: 'close' | 'remove'; names: readonly string[] },
  signal: AbortSignal,
): Promise<void> => {
  const { accounts } = await ask(host, { verb: 'list' }, signal);
  const left = accounts.find(({ account, isOpen }) => names.includes(account) && (verb === 'remove' || isOpen));
  if (left)
    throw new ProviderError(
      'unavailable',
      `The account ${left.account} was still there when ${host.name} was read again.`,
    );
};

const endAll = async (
  server: Server,
  { verb, wanted }: { verb: 'close' | 'remove'; wanted: readonly Wanted[] },
  ending: Ending,
): Promise<Outcome[]> => {
  const did = (await onEachNode(server.hosts, async (host) => await endOn(host, { verb, wanted }, ending))).flat();
  return wanted.map((one) => (did.some((account) => isWanted(account, one)) ? 'removed' : 'already_absent'));
};

export const revokeAll = async (server: Server, wanted: readonly Wanted[], ending: Ending): Promise<Outcome[]> =>
  await endAll(server, { verb: 'remove', wanted }, ending);

/** One host is enough. */
export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const found = await onEachNode(server.hosts, async (host) =>
    accountsFor(await ask(host, { verb: 'list' }, signal), [wanted]),
  );
  return found.flat().length > 0;
};

export const activity = async (server: Server, signal: AbortSignal): Promise<InUse[]> => {
  const answers = await onEachNode(server.hosts, async (host) => await ask(host, { verb: 'use' }, signal));
  const longest = new Map<string, number>();
  for (const { account, forMs } of answers.flatMap(({ used }) => used)) {
    const grantId = grantNamedIn(account) ?? '';
    longest.set(grantId, Math.max(longest.get(grantId) ?? 0, forMs));
  }
  return [...longest].map(([grantId, forMs]) => ({ grantId, forMs }));
};
