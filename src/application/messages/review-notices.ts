/** Looks whether what admins were notified of still holds. Where it does not, the message says so, no matter who fixed it and wherever. */
import { isDeepStrictEqual } from 'node:util';
import { isDomainError } from '../../domain/errors.ts';
import { handleOf } from '../../domain/principals/user-groups.ts';
import { closeUnreadable, namesFrom } from '../identity/unreadable-groups.ts';
import { namedThing } from '../../domain/policy/named-places.ts';
import { channelsNamed } from './channel-names.ts';
import { accountProblem, accountsNamed } from './review-places.ts';
import type { PlaceLooks } from './review-places.ts';
import { misfitLine } from '../policy/misfits.ts';
import type { AdminNotificationKind, NoticeFacts, OpenNotice } from '../record/admin-notification-ports.ts';
import { closeNotification, refreshNotification } from '../record/notify-admins.ts';
import type { Deps } from '../deps.ts';

const REVIEWED = [
  'policy_adopted',
  'group_gone',
  'user_group_moved',
  'target_name_moved',
  'email_conflict',
  'account_gone',
  'channel_taken',
  'channel_gone',
  'targets_unfit',
] as const satisfies AdminNotificationKind[];
const BATCH = 20;

export const reviewNotices = async (deps: Deps, looks: PlaceLooks): Promise<void> => {
  const notices = await deps.store.transaction((tx) => tx.announcements.takeOpen(REVIEWED, BATCH));
  for (const notice of notices) {
    try {
      const closing = await closingOf(deps, looks, notice);
      if (closing !== null) await close(deps, notice, closing);
    } catch (error) {
      deps.log.warn({ err: error, announcement: notice.id }, 'it could not be looked at whether a notice still holds');
    }
  }
};

const close = (deps: Deps, { key, facts }: OpenNotice, closing: string): Promise<void> =>
  deps.store.transaction(async (tx) => {
    if (facts?.kind === 'group') await closeUnreadable(tx, facts.origin, closing);
    else await closeNotification(tx, key, closing);
  });

/** Null where it still holds, or that is not known now. Notices of older versions have no facts and stay as they are. */
const closingOf = async (deps: Deps, looks: PlaceLooks, notice: OpenNotice): Promise<string | null> => {
  const { facts } = notice;
  if (facts === null) return null;
  if (facts.kind === 'group') return groupClosing(deps, facts.origin);
  if (facts.kind === 'handle') return handleClosing(deps, facts);
  if (facts.kind === 'target_name') return targetNameClosing(deps, facts);
  if (facts.kind === 'address') return addressClosing(deps, facts.address);
  if (facts.kind === 'account') return accountClosing(deps, looks, facts.ref);
  if (facts.kind === 'targets') return targetsClosing(deps, notice, facts.misfits);
  const named = channelsNamed(deps.policy());
  if (facts.kind === 'lost_channel') return lostClosing(looks, named, facts.channel);
  if (!named.some((channel) => nameOf(channel) === facts.name))
    return `The policy does not name #${facts.name} any more.`;
  await looks.channelId(facts.name);
  return null;
};

const accountClosing = async (deps: Deps, looks: PlaceLooks, ref: string): Promise<string | null> => {
  const place = accountsNamed(deps.policy()).find((one) => namedThing(one) === ref);
  if (!place) return `The policy does not name ${ref} any more.`;
  return (await accountProblem(looks, place)) === null ? `${ref} is there, and counts again.` : null;
};

const nameOf = (channel: string): string | null => (channel.startsWith('#') ? channel.slice(1).toLowerCase() : null);

const lostClosing = async (looks: PlaceLooks, named: readonly string[], channel: string): Promise<string | null> => {
  if (!named.includes(channel)) return `The policy does not name ${channel} any more.`;
  return (await looks.channel(channel)) === null ? `Latchkey can post in ${channel} again.` : null;
};

/** `readable`, the facts of why it is not, or null where that is not known now. */
const lookAtGroup = async ({ directory }: Deps, name: string): Promise<'readable' | Record<string, unknown> | null> => {
  try {
    await directory.members([{ kind: 'group', name }], null);
    return 'readable';
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    return error.facts['isNotified'] === true ? error.facts : null;
  }
};

/** That it is readable again, the directory itself notes. */
const groupClosing = async (deps: Deps, origin: string): Promise<string | null> => {
  const [name] = namesFrom(deps.policy(), origin);
  if (name === undefined) return 'The policy does not name it any more.';
  return (await lookAtGroup(deps, name)) === 'readable' ? 'It can be read again, and counts again.' : null;
};

type MovedHandle = Extract<NoticeFacts, { kind: 'handle' }>;

const handleClosing = async (deps: Deps, { handle, found }: MovedHandle): Promise<string | null> => {
  const { groups } = deps.policy();
  const name = Object.keys(groups).find((one) => {
    const group = groups[one];
    return group?.kind === 'slack_usergroup' && handleOf(group.handle) === handle;
  });
  if (name === undefined) return `The policy does not name the handle ${handle} any more.`;
  const state = await lookAtGroup(deps, name);
  if (state === 'readable') return `The handle ${handle} is at its first group again, and counts again.`;
  const isElsewhere = state !== null && state['found'] !== found;
  return isElsewhere ? `The user group ${found} does not have the handle ${handle} any more.` : null;
};

type MovedName = Extract<NoticeFacts, { kind: 'target_name' }>;

const targetNameClosing = ({ policy }: Deps, { target, scope }: MovedName): string | null => {
  const roles = Object.values(policy().targets[target]?.roles ?? {});
  return roles.some((role) => isDeepStrictEqual(role.scope, scope))
    ? null
    : `The policy says the scope in ${target} in another way now.`;
};

const addressClosing = async (deps: Deps, address: string): Promise<string | null> => {
  const conflicts = await deps.directory.conflicts([{ kind: 'person', ref: address }]);
  return conflicts.length === 0 ? `The address ${address} names one account now, and counts again.` : null;
};

type Unfit = { at: number; target: string; roles: string[]; problem: string };

/** One target of several may be fixed: its line says so, and the others stand. */
const targetsClosing = async (deps: Deps, notice: OpenNotice, misfits: readonly Unfit[]): Promise<string | null> => {
  const states = await Promise.all(misfits.map((one) => fitLine(deps, one)));
  // What else a new policy says stands.
  if (notice.kind === 'targets_unfit' && states.every((line) => line !== null)) return 'All of it is fixed.';
  // One that said *fixed* and is not any more says again what was wrong.
  const said = new Map(misfits.map((misfit, index) => [misfit.at, states[index] ?? misfitLine(misfit)]));
  const lines = notice.lines.map((line, at) => said.get(at) ?? line);
  if (lines.some((line, at) => line !== notice.lines[at]))
    await deps.store.transaction((tx) => refreshNotification(tx, notice.id, lines));
  return null;
};

const fitLine = async ({ policy, access }: Deps, { target, roles }: Unfit): Promise<string | null> => {
  const known = policy().targets[target];
  const left = roles.filter((role) => known && Object.hasOwn(known.roles, role));
  if (left.length === 0) return `${target}: the policy does not name it any more`;
  for (const role of left) if ((await access.roleProblem(target, role)) !== null) return null;
  return `${target}: fixed, it can grant ${left.join(', ')}`;
};
