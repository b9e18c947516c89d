/** Takes in what Slack says of a channel: opens, renames, closes and reopens its incident. Says nothing and looks nothing up for any other channel. */
import { isClosedName, isIncidentName } from '../core/incidents/channel-name.ts';
import { isDomainError } from '../core/errors.ts';
import type { Incidents, Policy } from '../core/policy/types.ts';
import type { Incident } from '../core/types.ts';
import { close, mustLock, openAgain, takeIn } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { mayOpen } from './incident-facts.ts';
import type { NoteChannelInput, NoteChannelResult } from './incident-types.ts';
import type { Deps, Tx } from './ports.ts';

export const noteChannel = async (deps: Deps, input: NoteChannelInput): Promise<NoteChannelResult> => {
  const policy = deps.policy();
  const { incidents } = policy;
  if (!incidents) return { outcome: 'none', incident: null };
  const isWanted = !input.isArchived && isIncidentName(incidents, input.name);
  if (!isWanted && !(await deps.store.read.incidentOfChannel(input.channelId)))
    return { outcome: 'none', incident: null };
  const doer = await doerOf(deps, policy, input.userId);
  return deps.store.transaction((tx) => take(tx, { deps, incidents, input, doer }));
};

/** Somebody who cannot be read is nobody the rules would trust; that holds up no prompt. */
const doerOf = async (deps: Deps, policy: Policy, userId: string | null): Promise<Doer> => {
  if (userId === null) return { person: null, userId, isTrusted: false };
  if (policy.incidents?.tool?.users.includes(userId)) return { person: null, userId, isTrusted: true };
  try {
    const person = await deps.directory.person(userId);
    const isTrusted = person.isActive && (await mayOpen(deps, policy, { person, freshness: 'fresh' })) === 'yes';
    return { person, userId, isTrusted };
  } catch (error) {
    if (!isDomainError(error)) throw error;
    deps.log.debug(
      { err: error, user: userId },
      'whoever did something to an incident channel is no member, or could not be read',
    );
    return { person: null, userId, isTrusted: false };
  }
};

type Taking = { deps: Deps; incidents: Incidents; input: NoteChannelInput; doer: Doer };

const take = async (tx: Tx, taking: Taking): Promise<NoteChannelResult> => {
  const { incidents, input } = taking;
  const last = await tx.incidents.lockOfChannel(input.channelId);
  if (last && input.updatedMs && input.updatedMs < last.channelUpdatedMs) return { outcome: 'stale', incident: last };
  if (last?.state === 'open') return takeOpen(tx, taking, last);
  if (input.isArchived || !isReason(incidents, { input, last })) return takeClosed(tx, taking, last);
  const opened = await openAgain(
    tx,
    { incidents, ids: taking.deps.ids },
    { channel: input, how: input.how, doer: taking.doer, last },
  );
  if (opened) return opened;
  const first = await tx.incidents.lockOfChannel(input.channelId);
  return first?.state === 'open' ? takeOpen(tx, taking, first) : takeClosed(tx, taking, first);
};

/** It became an incident's channel, or came back from the archive. One that was closed otherwise stays closed, whatever is said again. */
const isReason = (
  incidents: Incidents,
  { input, last }: { input: NoteChannelInput; last: Incident | null },
): boolean => {
  const isNamed = isIncidentName(incidents, input.name);
  if (!last) return isNamed;
  if (last.isArchived) return isNamed || (last.closeCause === 'archived' && !isClosedName(incidents, input.name));
  return isNamed && !isIncidentName(incidents, last.channelName);
};

const takeOpen = async (tx: Tx, { incidents, input, doer }: Taking, incident: Incident): Promise<NoteChannelResult> => {
  const isLeft = isIncidentName(incidents, incident.channelName) && !isIncidentName(incidents, input.name);
  const isOver = input.name !== incident.channelName && (isLeft || isClosedName(incidents, input.name));
  const isChanged = await takeIn(tx, incidents, { incident, channel: input, doer, isArchived: input.isArchived });
  const current = isChanged ? await mustLock(tx, incident.id) : incident;
  if (!input.isArchived && !isOver) return { outcome: isChanged ? 'changed' : 'unchanged', incident: current };
  const cause = input.isArchived ? 'archived' : 'renamed';
  return { outcome: 'closed', incident: await close(tx, incidents, { incident: current, doer, cause }) };
};

const takeClosed = async (
  tx: Tx,
  { incidents, input, doer }: Taking,
  incident: Incident | null,
): Promise<NoteChannelResult> => {
  if (!incident) return { outcome: 'none', incident: null };
  const isChanged = await takeIn(tx, incidents, { incident, channel: input, doer, isArchived: input.isArchived });
  // What was still to be said there is to be said elsewhere; what stands there can be changed again.
  if (input.isArchived !== incident.isArchived) await tx.outbox.add('incident', incident.id);
  return { outcome: isChanged ? 'changed' : 'unchanged', incident: await mustLock(tx, incident.id) };
};
