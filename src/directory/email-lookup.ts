/** Whom an address of the policy or of an on-call schedule means: what Slack finds for it now, held against the address book. */
import { addressesAgainst, addressOf, whomItNames } from '../domain/principals/email-bindings.ts';
import type { EmailConflict, EmailObservation } from '../domain/principals/email-bindings.ts';
import { boundEmail } from '../domain/principals/identity.ts';
import type { BoundEmail } from '../domain/principals/identity.ts';
import type { Person } from '../domain/principals/person.ts';
import type { Log } from '../lib/log.ts';
import type { EmailBindings } from '../application/identity/email-binding-ports.ts';
import type { Loader } from '../lib/loader.ts';

export type Freshness = 'fresh' | 'recent';

/** Accounts as Slack knows them; null where there is none that is active and a full member. */
export type Accounts = {
  byEmail(email: string, freshness: Freshness): Promise<Person | null>;
  byId(userId: string, freshness: Freshness): Promise<Person | null>;
};

export type AddressSources = {
  teamId: () => string;
  book: EmailBindings;
  /** What was seen of one address. */
  observations: Loader<string, EmailObservation[]>;
  accounts: Accounts;
  log: Log;
};

export type Meant = { person: Person; conflict: null } | { person: null; conflict: EmailConflict };

const carries = (person: Person | null, address: string): boolean =>
  person?.isActive === true && person.email !== null && addressOf(person.email) === address;

/** Notes what these people carry now; what is known already costs nothing. */
export const note = (sources: Pick<AddressSources, 'book' | 'teamId'>, people: readonly Person[]): Promise<void> =>
  sources.book.see(
    sources.teamId(),
    people.flatMap(({ userId, email, isActive }) => (email && isActive ? [{ userId, address: addressOf(email) }] : [])),
  );

/** Other accounts that were seen with the address and carry it still. */
const twinsOf = async (
  { accounts }: Pick<AddressSources, 'accounts'>,
  {
    address,
    userId,
    observations,
    freshness,
  }: { address: string; userId: string; observations: EmailObservation[]; freshness: Freshness },
): Promise<string[]> => {
  const others = observations.filter((one) => one.address === address && one.userId !== userId);
  const found = await Promise.all(others.map((one) => accounts.byId(one.userId, freshness)));
  return found.flatMap((one) => (one && carries(one, address) ? [one.userId] : []));
};

export const whomAddressMeans = async (
  sources: AddressSources,
  email: string,
  freshness: Freshness,
): Promise<Meant> => {
  const address = addressOf(email);
  const found = await sources.accounts.byEmail(address, freshness);
  if (!found || !carries(found, address)) return { person: null, conflict: 'unheld' };
  await note(sources, [found]);
  const observations = await sources.observations[freshness](address);
  const twins = await twinsOf(sources, { address, userId: found.userId, observations, freshness });
  const { conflict } = whomItNames({ address, holders: [found.userId, ...twins], observations });
  if (conflict === null) return { person: found, conflict };
  if (observations.some(({ isNotified }) => !isNotified)) {
    sources.log.warn({ users: [found.userId, ...twins], conflict }, 'an address is not trusted until it is confirmed');
    await sources.book.report(sources.teamId(), address, conflict);
  }
  return { person: null, conflict };
};

/** `email` counts for them; `others` count against them only. */
export type Standing = { email: BoundEmail | null; others: string[] };

export const standingOf = async (sources: AddressSources, who: Person, freshness: Freshness): Promise<Standing> => {
  const address = who.email === null ? null : addressOf(who.email);
  await note(sources, [who]);
  const of = { addresses: address === null ? [] : [address], userIds: [who.userId] };
  const observations = await sources.book.find(sources.teamId(), of);
  const isBack = observations.some((one) => one.userId === who.userId && one.address === address && one.isPast);
  if (isBack && address !== null) await sources.book.seeAgain(sources.teamId(), { userId: who.userId, address });
  const against = addressesAgainst(who.userId, observations);
  if (who.email === null || address === null) return { email: null, others: against };
  const twins = await twinsOf(sources, { address, userId: who.userId, observations, freshness });
  const { userId } = whomItNames({ address, holders: [who.userId, ...twins], observations });
  if (userId === null) return { email: null, others: [...new Set([address, ...against])] };
  return { email: boundEmail(who.email), others: against.filter((one) => one !== address) };
};
