/**
 * Everything outside of Latchkey that the policy names: people, channels, user groups, schedules, the users of an incident tool.
 * Anyone who looks whether those are there asks this one list, so that no place of the policy is forgotten.
 */
import { isLiteralGlob } from './glob.ts';
import type { OnCallName, Policy, Rule, Target } from './types.ts';

/** `where`: the place in the policy, for people. */
export type NamedPlace = { where: string } & (
  | { kind: 'person'; ref: string }
  /** A name or an id, as the policy writes it. */
  | { kind: 'channel'; channel: string }
  | { kind: 'user_group'; group: string; handle: string }
  | { kind: 'schedule'; group: string; service: OnCallName; schedule: string; levels: number[] | null }
  /** A user, bot or app whose messages speak for the incident tool. */
  | { kind: 'tool'; id: string }
);

const isChannel = (ref: string): boolean => /^(?:#|[CG][A-Z0-9]{4,}$)/.test(ref);
const isPerson = (ref: string): boolean => ref.includes('@') || /^[UW][A-Z0-9]{4,}$/.test(ref);

/** A group of the policy stands for itself: what it names is in the list once, by its own entry. */
const refPlaces = (policy: Policy, where: string, refs: readonly string[] | null | undefined): NamedPlace[] =>
  (refs ?? []).flatMap((ref): NamedPlace[] => {
    if (Object.hasOwn(policy.groups, ref)) return [];
    if (isChannel(ref)) return [{ kind: 'channel', channel: ref, where }];
    return isPerson(ref) ? [{ kind: 'person', ref, where }] : [];
  });

const channelPlaces = (where: string, channel: string | null): NamedPlace[] =>
  channel === null ? [] : [{ kind: 'channel', channel, where }];

const groupPlaces = (policy: Policy): NamedPlace[] =>
  Object.entries(policy.groups).flatMap(([group, source]): NamedPlace[] => {
    const where = `group ${group}`;
    if (source.kind === 'people') return source.people.map((ref) => ({ kind: 'person', ref, where }));
    if (source.kind === 'slack_usergroup') return [{ kind: 'user_group', group, handle: source.handle, where }];
    const { service, schedule, levels } = source;
    return [{ kind: 'schedule', group, service, schedule, levels, where }];
  });

/** Addresses that a condition compares with, as `requester.email == "dana@acme.test"`; the ends of addresses are none. */
const addressesIn = (condition: string): string[] =>
  [...condition.matchAll(/(["'])([^\s@"']+@[^\s@"']+)\1/g)].map(([, , address = '']) => address).filter(isLiteralGlob);

const rulePlaces = (policy: Policy, { name, match, when, effect, escalate }: Rule): NamedPlace[] => {
  const where = `rule "${name}"`;
  const refs = effect.kind === 'ask' ? effect.approvals.flatMap(({ from, also = [] }) => [...from, ...also]) : [];
  return [
    // A pattern names no one in particular.
    ...refPlaces(policy, `match of ${where}`, match.people?.filter(isLiteralGlob)),
    ...refPlaces(policy, `condition of ${where}`, when && addressesIn(when.source)),
    ...refPlaces(policy, where, refs),
    ...refPlaces(policy, `escalate of ${where}`, escalate && [escalate.to]),
  ];
};

const incidentPlaces = (policy: Policy): NamedPlace[] => {
  const { incidents } = policy;
  if (!incidents) return [];
  return [
    ...refPlaces(policy, 'incidents.open_by', incidents.openBy),
    ...refPlaces(policy, 'incidents.keep_by', incidents.keepBy),
    ...(incidents.tool?.users ?? []).map((id): NamedPlace => ({ kind: 'tool', id, where: 'incidents.tool' })),
  ];
};

/** In the map of `identity` people are the keys. */
const targetPlaces = (policy: Policy, { name, owners, identity, ...target }: Target): NamedPlace[] => [
  ...refPlaces(policy, `owners of ${name}`, owners),
  ...[target.channel, ...(target.otherChannels ?? [])].flatMap((one) => channelPlaces(`target ${name}`, one)),
  ...(identity && 'map' in identity ? refPlaces(policy, `identity of ${name}`, Object.keys(identity.map)) : []),
];

const listPlaces = (policy: Policy): NamedPlace[] => [
  ...groupPlaces(policy),
  ...Object.values(policy.targets).flatMap((target) => targetPlaces(policy, target)),
  ...policy.rules.flatMap((rule) => rulePlaces(policy, rule)),
  ...refPlaces(policy, 'break_glass.who', policy.breakGlass?.who),
  ...refPlaces(policy, 'break_glass.tell', policy.breakGlass?.notify),
  ...refPlaces(policy, 'break_glass.reviewers', policy.breakGlass?.reviewers),
  ...incidentPlaces(policy),
  ...Object.entries(policy.overrides).flatMap(([name, refs]) => refPlaces(policy, `override of freeze ${name}`, refs)),
  ...policy.alerts.flatMap(({ name, to }) => refPlaces(policy, `alert ${name}`, [to])),
  ...Object.values(policy.clients).flatMap(({ name, channel }) => channelPlaces(`client ${name}`, channel)),
  ...Object.entries(policy.accounts).flatMap(([issuer, people]) =>
    refPlaces(policy, `accounts of ${issuer}`, Object.values(people)),
  ),
  ...(policy.audit?.publish ?? []).flatMap((place) =>
    place.kind === 'slack' ? channelPlaces('audit.publish', place.channel) : [],
  ),
  ...(policy.audit?.reports ?? []).flatMap(({ name, to }) => refPlaces(policy, `report ${name}`, to)),
  ...policy.reviews.flatMap(({ name, by }) => refPlaces(policy, `review ${name}`, by)),
  ...refPlaces(policy, 'admins', policy.admins),
  ...refPlaces(policy, 'auditors', policy.auditors),
];

const listed = new WeakMap<Policy, NamedPlace[]>();

export const namedPlaces = (policy: Policy): readonly NamedPlace[] => {
  const known = listed.get(policy) ?? listPlaces(policy);
  listed.set(policy, known);
  return known;
};

/** What is named, whichever way: the same for every place that names it. */
export const namedThing = (place: NamedPlace): string => {
  if (place.kind === 'person') return place.ref;
  if (place.kind === 'channel') return place.channel;
  if (place.kind === 'tool') return place.id;
  return place.kind === 'user_group' ? place.handle : `${place.service} ${place.schedule}`;
};

const SHOWN_MAX = 3;

/** `owners of orders-db, admins and 2 more`: where the policy names it. */
export const whereNamed = (places: readonly NamedPlace[]): string => {
  const all = [...new Set(places.map(({ where }) => where))];
  return all.length > SHOWN_MAX
    ? `${all.slice(0, SHOWN_MAX).join(', ')} and ${all.length - SHOWN_MAX} more`
    : all.join(', ');
};
