/** Decides who is notified of an alert: those on call for it, or the owners where nobody is or cannot be looked up. And requests it for them where a rule names the alert. */
import { callerOnCall } from '../identity/caller.ts';
import { hasRuleForAlert, mappingNamed } from '../../domain/alerts/mapping.ts';
import type { Alert, AlertRoute } from '../../domain/alerts/types.ts';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import { likelyTargets } from '../../domain/incidents/likely-targets.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { AlertMapping, Policy } from '../../domain/policy/types.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import { requestForAlert } from './request-for-alert.ts';
import { requestForClient } from './request-for-client.ts';
import type { Deps } from '../deps.ts';

type Recipients = { route: AlertRoute; people: Person[] };
type Found = { people: Person[]; isUnknown: boolean };

/** One group that cannot be read holds up none of the others. */
const peopleIn = async ({ directory, log }: Deps, policy: Policy, refs: readonly string[]): Promise<Found> => {
  const each = await Promise.all(
    refs.map(async (ref): Promise<Found> => {
      try {
        return { people: await directory.members([sourceOf(policy, ref)], null), isUnknown: false };
      } catch (error) {
        if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
        log.warn({ err: error, group: ref }, 'who is to be notified of an alert could not be looked up');
        return { people: [], isUnknown: true };
      }
    }),
  );
  const people = new Map(each.flatMap((found) => found.people).map((person) => [person.id, person]));
  return { people: [...people.values()], isUnknown: each.some(({ isUnknown }) => isUnknown) };
};

/** Somebody is always notified: the owners in place of the one who is on call, the admins in place of them. */
const recipientsOf = async (deps: Deps, policy: Policy, { to, target, name }: AlertMapping): Promise<Recipients> => {
  const onCall = await peopleIn(deps, policy, [to]);
  if (onCall.people.length > 0) return { route: 'on_call', people: onCall.people };
  const route = onCall.isUnknown ? 'unknown' : 'nobody';
  for (const refs of [policy.targets[target]?.owners ?? [], policy.admins]) {
    const { people } = await peopleIn(deps, policy, refs);
    if (people.length > 0) return { route, people };
  }
  throw new DomainError('lookup_failed', { what: `anybody to notify of the alert ${name}` });
};

const INCIDENTS_MAX = 50;

/** The channel of the newest open incident that speaks of the target; null where there is none, or the mapping wants none. */
const roomOf = async ({ store }: Deps, policy: Policy, mapping: AlertMapping): Promise<string | null> => {
  const { incidents, targets } = policy;
  if (mapping.channel !== 'incident' || !incidents) return null;
  const open = await store.read.openIncidents(INCIDENTS_MAX);
  const isAbout = ({ channelName, topic }: Incident): boolean =>
    likelyTargets({ incidents, targets, channelName, topic, recent: [] }).some(
      ({ target, why }) => target === mapping.target && why.some(({ kind }) => kind !== 'few'),
    );
  return open.findLast(isAbout)?.channelId ?? null;
};

type Routing = { alert: Alert; mapping: AlertMapping; people: Person[] };

const sendRequest = async (deps: Deps, { alert, mapping, people }: Routing): Promise<void> => {
  const { client } = mapping;
  if (client !== null) {
    await requestForClient(deps, { alert, mapping: { ...mapping, client }, starter: null }, true);
    return;
  }
  const [only, ...others] = people;
  if (!only || others.length > 0) return;
  const caller = await callerOnCall(deps, only.userId);
  await requestForAlert(deps, { caller, alertId: alert.id, idempotencyKey: null, isAutomatic: true });
};

/** A rule that names this alert, and the client that it names, or one person and nobody else on call: then nobody needs to click. */
const requestByRule = async (deps: Deps, policy: Policy, routing: Routing) => {
  const { alert } = routing;
  if (!hasRuleForAlert(policy, alert.mapping)) return;
  try {
    await sendRequest(deps, routing);
  } catch (error) {
    // Whatever is in the way, the offer is posted and waits for a click.
    if (!isDomainError(error)) throw error;
    deps.log.info({ alert: alert.id, code: error.code }, 'an alert was not answered with access by itself');
  }
};

export const routeAlert = async (deps: Deps, { alertId }: { alertId: string }): Promise<void> => {
  const policy = deps.policy();
  const alert = await deps.store.read.alert(alertId);
  const mapping = alert && mappingNamed(policy, alert.mapping);
  if (!mapping || alert.state !== 'firing' || alert.route !== null) return;
  const { route, people } = await recipientsOf(deps, policy, mapping);
  if (route === 'on_call' || mapping.client !== null) await requestByRule(deps, policy, { alert, mapping, people });
  const room = await roomOf(deps, policy, mapping);
  await deps.store.transaction(async (tx) => {
    const current = await tx.alerts.lock(alertId);
    if (!current || current.route !== null) return;
    const notified = people.map(({ userId }) => userId);
    await tx.alerts.setRoute(alertId, { route, notified, audiences: room === null ? notified : [room] });
    const { target, role } = mapping;
    const data = { alert: alertId, mapping: mapping.name, route, notified: people.map(({ id }) => id) };
    await tx.audit.append({
      type: 'alert.notified',
      actor: SYSTEM,
      requestId: null,
      grantId: null,
      target,
      role,
      data,
    });
  });
};
