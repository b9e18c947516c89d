/** A person overrides freezes for one request that they alone denied, because of an open incident or an alert. Its rule decides it as ever. */
import { DomainError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { OverrideCause, OverrideOrigin } from '../../domain/requests/origin.ts';
import { fingerprintOfJson } from '../../domain/requests/fingerprint.ts';
import { reasonProblems } from '../../domain/requests/request-problems.ts';
import type { RequestProblem } from '../../domain/policy/verdict.ts';
import { factsOfIncident } from '../decisions/incident-facts.ts';
import type { Deps } from '../deps.ts';
import { callerForOverride } from '../identity/caller.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong } from '../identity/named-among.ts';
import { maybeBehind } from '../identity/account-holders.ts';
import { readBehind, withPeopleBehind } from '../identity/people-behind.ts';
import { refuse } from '../record/record-refusal.ts';
import { createRequest } from '../requests/create-request.ts';
import type { FrozenView } from '../requests/frozen-ports.ts';
import type { CreateRequestInput, CreateRequestResult } from '../requests/request-types.ts';
import { overdueOf } from './break-glass.ts';

const REASON_CHARS = 10;
const CAUSES_MAX = 40;

/** `shown`: the fingerprint of what the form showed of the denied request. */
export type OverrideFreezeInput = {
  caller: PersonCaller;
  id: string;
  shown: string;
  because: Pick<OverrideCause, 'kind' | 'id'> | null;
  reason: string;
};

export type OverrideChoices = { frozen: FrozenView; causes: OverrideCause[]; shown: string };

/** The same requester, job and role that is denied again keeps its id, with other terms. */
const fingerprintOf = (frozen: FrozenView): string => {
  const { requesterId, job, startedBy, accounts, target, role, durationMs, reason, ticket, freezes } = frozen;
  return fingerprintOfJson([requesterId, job, startedBy, accounts, target, role, durationMs, reason, ticket, freezes]);
};

const mustFrozen = async (deps: Deps, id: string): Promise<FrozenView> => {
  const frozen = await deps.store.read.frozen(id);
  if (!frozen) throw new DomainError('frozen_not_found', { id });
  if (frozen.requestId !== null || frozen.isOver)
    throw new DomainError('frozen_over', { id, requestId: frozen.requestId });
  return frozen;
};

const ofIncident = ({ id, channelId, channelName }: Incident): OverrideCause => ({
  kind: 'incident',
  id,
  channelId,
  title: channelName,
});

/** For the form: what was denied, and what an override may be tied to. Who may is judged when it is sent. */
export const overrideChoices = async (
  deps: Deps,
  input: { caller: PersonCaller; id: string },
): Promise<OverrideChoices> => {
  const [frozen, incidents, alerts] = await Promise.all([
    mustFrozen(deps, input.id),
    deps.store.read.openIncidents(CAUSES_MAX),
    deps.store.read.firingAlerts(CAUSES_MAX),
  ]);
  const causes = [
    ...incidents.toReversed().map(ofIncident),
    ...alerts.map(({ id, title, url }): OverrideCause => ({ kind: 'alert', id, title, url })),
  ];
  if (causes.length === 0) throw new DomainError('override_cause');
  return { frozen, causes, shown: fingerprintOf(frozen) };
};

/** An incident counts where a rule may believe it; an alert while it fires. */
const causeOf = async (deps: Deps, { caller: { person }, because }: OverrideFreezeInput): Promise<OverrideCause> => {
  if (because?.kind === 'incident') {
    const incident = await deps.store.read.incident(because.id);
    const known = await factsOfIncident(deps, deps.policy(), { incident, person, freshness: 'fresh' });
    if (incident && known.open) return ofIncident(incident);
  }
  if (because?.kind === 'alert') {
    const alert = await deps.store.read.alert(because.id);
    if (alert?.state === 'firing') return { kind: 'alert', id: alert.id, title: alert.title, url: alert.url };
  }
  throw new DomainError('override_cause');
};

const asRequester = ({ requester, job, startedBy, accounts }: FrozenView): Requester => {
  if (requester.kind === 'person') return { ...requester, startedBy };
  if (!job) throw new Error('a client was denied without a job');
  return { ...requester, job, startedBy, accounts };
};

/** Nobody overrides for a run that they started; nor that they may have started, where the policy is strict about that. */
const demandOther = async (deps: Deps, person: Person, frozen: FrozenView): Promise<void> => {
  const known = await withPeopleBehind(deps, asRequester(frozen));
  const { requester, unlinked } = await readBehind(deps, known, 'fresh');
  if (isBehind(known, person) || isBehind(requester, person)) throw new DomainError('override_own', { id: frozen.id });
  const maybe = await maybeBehind(deps, { people: [person], unlinked, freshness: 'fresh' });
  if (maybe.size === 0) return;
  throw new DomainError('override_unlinked', {
    unlinked: unlinked.map(({ kind, login, by }) => ({ kind, login, by })),
  });
};

/** Every freeze that stands in the way must name them. */
const demandRight = async (deps: Deps, person: Person, frozen: FrozenView): Promise<void> => {
  const policy = deps.policy();
  await demandOther(deps, person, frozen);
  for (const freeze of frozen.freezes) {
    const refs = policy.overrides[freeze] ?? [];
    if (!(await isAmong(deps, { policy, person, refs, freshness: 'fresh' })))
      throw new DomainError('override_who', { freeze, who: refs });
  }
  const overdue = await deps.store.transaction((tx) => overdueOf(tx, person));
  if (overdue) throw new DomainError('override_blocked', overdue);
};

type Overriding = { frozen: FrozenView; person: Person; because: OverrideCause; reason: string };

/** A person's own request begins as any other; a client's waits for the job that runs again. */
const originOf = ({ frozen, person, because, reason }: Overriding): OverrideOrigin => ({
  kind: 'override',
  id: frozen.id,
  isClaimed: frozen.requester.kind === 'person',
  freezes: frozen.freezes,
  repositoryId: frozen.job?.repositoryId ?? '',
  run: frozen.job?.run ?? '',
  sha: frozen.job?.sha ?? '',
  by: { id: person.id, userId: person.userId, name: person.name, email: person.email },
  reason,
  because,
});

const requestFor = async (deps: Deps, overriding: Overriding): Promise<CreateRequestInput> => {
  const { frozen, person, because } = overriding;
  const { target, role, durationMs, reason, ticket, requester, job } = frozen;
  const key = `override:${frozen.id}`;
  return {
    // Until a job takes it over it is no job's own: the end of the one that was denied ends nothing of it.
    caller: await callerForOverride(deps, { requester, job: job && { ...job, key, run: '' } }),
    target,
    role,
    durationMs,
    reason,
    ticket,
    incidentChannelId: because.kind === 'incident' ? because.channelId : null,
    alert: because.kind === 'alert' ? { id: because.id, isAutomatic: false } : null,
    idempotencyKey: key,
    from: {
      origin: originOf(overriding),
      startedBy: [...frozen.startedBy, person.userId],
      accounts: frozen.accounts,
    },
  };
};

export const overrideFreeze = async (
  deps: Deps,
  input: OverrideFreezeInput,
): Promise<CreateRequestResult | { outcome: 'unclear'; problems: RequestProblem[] }> => {
  const { person } = input.caller;
  const frozen = await mustFrozen(deps, input.id);
  const problems = reasonProblems(input.reason, REASON_CHARS);
  if (problems.length > 0) return { outcome: 'unclear', problems };
  const { target, role, id, freezes } = frozen;
  const refusal = { type: 'freeze.override_refused', person, target, role, data: { frozen: id, freezes } } as const;
  try {
    if (input.shown !== fingerprintOf(frozen)) throw new DomainError('override_changed', { id });
    await demandRight(deps, person, frozen);
    const because = await causeOf(deps, input);
    return await createRequest(deps, await requestFor(deps, { frozen, person, because, reason: input.reason.trim() }));
  } catch (error) {
    if (!(error instanceof DomainError) || !/^(?:override|frozen)_/.test(error.code)) throw error;
    return refuse(deps, refusal, error);
  }
};
