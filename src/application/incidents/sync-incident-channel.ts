/** Takes in what Slack says of a channel: opens, renames, closes and reopens its incident. Says nothing and looks nothing up for any other channel. */
import { isClosedName, isIncidentName, keptName, keptTopic } from '../../domain/incidents/channel-name.ts';
import { isDomainError } from '../../domain/errors.ts';
import type { Incidents, Policy } from '../../domain/policy/types.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { close, FOUND, mustLock } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { mayOpen } from '../decisions/incident-facts.ts';
import { applyChannelState } from './incident-found.ts';
import type { Words } from './incident-found.ts';
import { openAgain } from './incident-opening.ts';
import type { NoteChannelInput, NoteChannelResult, SaidOfChannel } from './incident-types.ts';
import type { Deps, Tx } from '../deps.ts';

export const syncIncidentChannel = async (deps: Deps, input: NoteChannelInput): Promise<NoteChannelResult> => {
  const policy = deps.policy();
  const { incidents } = policy;
  if (!incidents) return { outcome: 'none', incident: null };
  const isWanted = !input.isArchived && isIncidentName(incidents, input.name);
  if (!isWanted && !(await deps.store.read.incidentOfChannel(input.channelId)))
    return { outcome: 'none', incident: null };
  const doer = await doerOf(deps, policy, input.userId);
  return deps.store.transaction((tx) => take(tx, { deps, incidents, input, doer }));
};

/** A person who cannot be read is none that the rules would trust; that holds up no prompt. */
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
      'the one who did something to an incident channel is no member, or could not be read',
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
  const doer = openerOf(taking, last);
  const opening = { channel: input, how: input.how, doer, name: wordsOf(taking).name, severity: null, last };
  const opened = await openAgain(tx, { incidents, ids: taking.deps.ids }, opening);
  if (opened) return opened;
  const first = await tx.incidents.lockOfChannel(input.channelId);
  return first?.state === 'open' ? takeOpen(tx, taking, first) : takeClosed(tx, taking, first);
};

/** Of the event, kept as what it is compared with is. */
const wordsOf = ({ input, doer }: Taking): Words => {
  const { name, topic, at }: SaidOfChannel = input.said ?? (input.how === 'created' ? { name: input.name } : {});
  return {
    doer,
    name: name === undefined ? null : keptName(name),
    topic: topic === undefined ? null : keptTopic(topic),
    saidAt: at ?? null,
  };
};

/**
 * A person's own doing is to make a channel of an incident's name, and to bring one back from the archive. Who only lets Latchkey see
 * a channel opens the incident and confirms nothing; what was closed is not opened again by the one who once made its channel.
 */
const openerOf = (taking: Taking, last: Incident | null): Doer => {
  const { input, doer } = taking;
  const isNamedByThem = wordsOf(taking).name === keptName(input.name);
  if (last === null) return isNamedByThem ? doer : { ...doer, isTrusted: false };
  return input.how === 'unarchived' ? doer : FOUND;
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

const takeOpen = async (tx: Tx, taking: Taking, incident: Incident): Promise<NoteChannelResult> => {
  const { incidents, input } = taking;
  const isLeft = isIncidentName(incidents, incident.channelName) && !isIncidentName(incidents, input.name);
  const isOver = input.name !== incident.channelName && (isLeft || isClosedName(incidents, input.name));
  const words = wordsOf(taking);
  const isChanged = await applyChannelState(tx, incidents, {
    incident,
    channel: input,
    isArchived: input.isArchived,
    words,
  });
  const current = isChanged ? await mustLock(tx, incident.id) : incident;
  if (!input.isArchived && !isOver) return { outcome: isChanged ? 'changed' : 'unchanged', incident: current };
  const cause = input.isArchived ? 'archived' : 'renamed';
  const isTheirs = input.isArchived ? input.said?.isArchived === true : words.name === keptName(input.name);
  const doer = isTheirs ? taking.doer : FOUND;
  return { outcome: 'closed', incident: await close(tx, incidents, { incident: current, doer, cause }) };
};

const takeClosed = async (tx: Tx, taking: Taking, incident: Incident | null): Promise<NoteChannelResult> => {
  const { incidents, input } = taking;
  if (!incident) return { outcome: 'none', incident: null };
  const words = wordsOf(taking);
  const isChanged = await applyChannelState(tx, incidents, {
    incident,
    channel: input,
    isArchived: input.isArchived,
    words,
  });
  // What was still to be said there is to be said elsewhere; what stands there can be changed again.
  if (input.isArchived !== incident.isArchived) await tx.outbox.add('incident', incident.id);
  return { outcome: isChanged ? 'changed' : 'unchanged', incident: await mustLock(tx, incident.id) };
};
