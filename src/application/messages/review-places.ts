/**
 * Looks whether what the policy names is there: soon after it is in force, and again and again. What is not there counts for nothing
 * and gets no form, so the admins are notified, with the places that name it. Groups and channels say it at their look-up, too.
 */
import { isDomainError } from '../../domain/errors.ts';
import { namedPlaces, namedThing, whereNamed } from '../../domain/policy/named-places.ts';
import type { NamedPlace } from '../../domain/policy/named-places.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Deps } from '../deps.ts';
import { notifyAdmins } from '../record/notify-admins.ts';
import { notifyLost } from './channel-names.ts';

/** `why` ends the sentence "#name …". That its name was taken has a notice of its own. */
export type ChannelProblem = { why: string; isTaken: boolean };

/** How the places are looked at. A sentence without its subject says what is wrong; null is well. */
export type PlaceLooks = {
  /** False until Slack has said which workspace it is: everything would fail. */
  isReady(): boolean;
  /** Which channel has the name now; closes the notice that another had it. */
  channelId(name: string): Promise<string | null>;
  channel(channel: string): Promise<ChannelProblem | null>;
  account(ref: string): Promise<string | null>;
  tool(id: string): Promise<string | null>;
  /** Notifies the admins itself. Rejects with `lookup_failed`. */
  group(name: string): Promise<void>;
};

/** Where to go on; `next` is 0 when all were looked at. `left` could not be looked up, and has another turn. */
export type PlaceCursor = { sha256: string; next: number; left: readonly string[] };
/** Unless `isDue`, only a policy that was not looked at yet is. */
export type ReviewPlacesInput = { looks: PlaceLooks; cursor: PlaceCursor | null; isDue: boolean };

/** A call or two each: most policies are through at once, and a large one leaves Slack's limits to people. */
const FIRST_BATCH = 40;
const BATCH = 5;

type Account = Extract<NamedPlace, { kind: 'person' | 'tool' }>;

export const accountsNamed = (policy: Policy): Account[] =>
  namedPlaces(policy).filter((one) => one.kind === 'person' || one.kind === 'tool');

export const accountProblem = (looks: PlaceLooks, place: Account): Promise<string | null> =>
  place.kind === 'person' ? looks.account(place.ref) : looks.tool(place.id);

/** Each thing once, however many places name it. */
const thingsIn = (policy: Policy): Map<string, NamedPlace[]> => {
  const things = new Map<string, NamedPlace[]>();
  for (const place of namedPlaces(policy)) {
    const key = `${place.kind} ${namedThing(place)}`;
    const known = things.get(key);
    if (known) known.push(place);
    else things.set(key, [place]);
  }
  return things;
};

export const reviewPlaces = async (
  deps: Deps,
  { looks, cursor: before, isDue }: ReviewPlacesInput,
): Promise<PlaceCursor> => {
  const policy = deps.policy();
  const cursor = before?.sha256 === policy.sha256 ? before : null;
  if (cursor && !isDue) return cursor;
  const things = thingsIn(policy);
  const [from, until] = cursor ? [cursor.next, cursor.next + BATCH] : [0, FIRST_BATCH];
  // What is left from the end of a round has its turn before the next begins.
  const again = cursor?.left ?? [];
  const batch = from === 0 && again.length > 0 ? [] : [...things.keys()].slice(from, until);
  const left: string[] = [];
  for (const key of new Set([...again, ...batch]))
    if (!(await wasReviewed(deps, looks, things.get(key) ?? []))) left.push(key);
  return { sha256: policy.sha256, next: batch.length > 0 && until < things.size ? until : 0, left };
};

/** One that cannot be looked up now holds up none of the others. */
const wasReviewed = async (deps: Deps, looks: PlaceLooks, places: NamedPlace[]): Promise<boolean> => {
  const [place] = places;
  if (!place) return true;
  try {
    if (place.kind === 'channel') await reviewChannel(deps, looks, place.channel);
    else if (place.kind === 'person' || place.kind === 'tool') await reviewAccount(deps, looks, { place, places });
    else await looks.group(place.group);
    return true;
  } catch (error) {
    // What stays so until an admin fixes it, they were notified of.
    if (isDomainError(error) && error.facts['isNotified'] === true) return true;
    const what = 'it could not be looked up whether what the policy names is there';
    if (!isDomainError(error)) deps.log.warn({ err: error, place: place.where }, what);
    return false;
  }
};

const reviewChannel = async (deps: Deps, looks: PlaceLooks, channel: string): Promise<void> => {
  const problem = await looks.channel(channel);
  if (problem && !problem.isTaken) await notifyLost(deps, { channel, why: problem.why });
};

type Named = { place: Account; places: readonly NamedPlace[] };

const reviewAccount = async (deps: Deps, looks: PlaceLooks, { place, places }: Named): Promise<void> => {
  const why = await accountProblem(looks, place);
  const ref = namedThing(place);
  // Whether the address is theirs for sure; the admins are notified of a conflict there.
  if (why === null)
    return void (place.kind === 'person' && (await deps.directory.conflicts([{ kind: 'person', ref }])));
  await deps.store.transaction((tx) =>
    notifyAdmins(tx, deps.ids, {
      kind: 'account_gone',
      about: ref,
      untilClosed: true,
      facts: { kind: 'account', ref },
      lines: [
        `${ref} ${why}: correct it in the policy, or remove it.`,
        `The policy names it here: ${whereNamed(places)}.`,
      ],
    }),
  );
};
