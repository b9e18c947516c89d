/** A person, an alert or the tool says that a channel is an incident's, whatever its name; or a person confirms one that is open. */
import { readSeverity } from '../../domain/incidents/severity.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Incidents } from '../../domain/policy/types.ts';
import type { Incident, IncidentOrigin } from '../../domain/incidents/incident.ts';
import { changeSeverity, mustLock, noteChange } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { mayOpen } from '../decisions/incident-facts.ts';
import { applyChannelState } from './incident-found.ts';
import { openAgain } from './incident-opening.ts';
import type { ChannelState } from './incident-ports.ts';
import { keptName } from '../../domain/incidents/channel-name.ts';
import type { AlertIncidentInput, OpenIncidentInput, OpenIncidentResult } from './incident-types.ts';
import type { Deps, Tx } from '../deps.ts';

export const assertIncidents = ({ policy }: Pick<Deps, 'policy'>): Incidents => {
  const { incidents } = policy();
  if (!incidents) throw new DomainError('incidents_off');
  return incidents;
};

/** Rejects with `bad_severity` for what cannot be one; null stays null. */
export const assertSeverity = (incidents: Incidents, typed: string | null): string | null => {
  if (typed === null) return null;
  const severity = readSeverity(incidents, typed);
  if (severity === null)
    throw new DomainError('bad_severity', { text: typed.slice(0, 40), pattern: incidents.severity });
  return severity;
};

export const openIncident = async (deps: Deps, input: OpenIncidentInput): Promise<OpenIncidentResult> => {
  const incidents = assertIncidents(deps);
  const severity = assertSeverity(incidents, input.severity);
  const person = input.caller.person;
  const may = await mayOpen(deps, deps.policy(), { person, freshness: 'fresh' });
  const doer: Doer = { person, userId: input.caller.person.userId, isTrusted: may === 'yes' };
  return deps.store.transaction((tx) =>
    open(tx, { deps, incidents, channel: input.channel, how: 'command', doer, severity }),
  );
};

export const openIncidentForAlert = async (
  deps: Deps,
  { channel, source }: AlertIncidentInput,
): Promise<{ outcome: 'opened' | 'reopened' | 'open'; incident: Incident }> => {
  const incidents = assertIncidents(deps);
  const doer: Doer = { person: null, userId: source.slice(0, 100), isTrusted: false };
  return deps.store.transaction(async (tx) => {
    const { outcome, incident } = await open(tx, { deps, incidents, channel, how: 'alert', doer, severity: null });
    return { outcome: outcome === 'opened' || outcome === 'reopened' ? outcome : 'open', incident };
  });
};

type Opening = {
  deps: Pick<Deps, 'ids'>;
  incidents: Incidents;
  channel: ChannelState;
  how: IncidentOrigin;
  doer: Doer;
  severity: string | null;
};

/** Also for the tool's messages. What is found in the channel is taken in first, in nobody's name. */
export const open = async (tx: Tx, opening: Opening): Promise<OpenIncidentResult> => {
  const { deps, incidents, channel, doer } = opening;
  const last = await tx.incidents.lockOfChannel(channel.channelId);
  if (last?.state === 'open') return confirm(tx, opening, last);
  // A person opens the channel that they see; the tool's message says nothing of its name.
  const name = doer.person ? keptName(channel.name) : null;
  const opened = await openAgain(tx, { incidents, ids: deps.ids }, { ...opening, name, last });
  if (opened) return { ...opened, isConfirmed: opened.incident.confirmedAt !== null };
  const first = await tx.incidents.lockOfChannel(channel.channelId);
  if (first?.state !== 'open') throw new DomainError('conflict', { noun: 'incident', id: channel.channelId });
  return confirm(tx, opening, first);
};

const confirm = async (tx: Tx, opening: Opening, known: Incident): Promise<OpenIncidentResult> => {
  const { incidents, channel, doer, severity } = opening;
  await applyChannelState(tx, incidents, { incident: known, channel, isArchived: known.isArchived });
  const found = await mustLock(tx, known.id);
  // Latchkey's message and the person had another name before them: that one is what they would confirm.
  if (doer.isTrusted && doer.person && found.channelName !== known.channelName)
    return { outcome: 'renamed', isConfirmed: found.confirmedAt !== null, incident: found };
  const isNewlyConfirmed = await confirmOpen(tx, found, doer);
  if (severity !== null && (doer.isTrusted || (found.confirmedAt === null && found.confirmedSeverity === null)))
    await changeSeverity(tx, { incident: await mustLock(tx, known.id), severity, doer });
  const incident = await mustLock(tx, known.id);
  return { outcome: isNewlyConfirmed ? 'confirmed' : 'open', isConfirmed: incident.confirmedAt !== null, incident };
};

/** True when the rules see more than before: that it is an incident, or its name. */
const confirmOpen = async (tx: Tx, incident: Incident, doer: Doer): Promise<boolean> => {
  const isNamed = doer.person === null || incident.confirmedName === incident.channelName;
  if (!doer.isTrusted || (incident.confirmedAt !== null && isNamed)) return false;
  const { person } = doer;
  if (person) await tx.principals.upsert(person);
  const name = person ? incident.channelName : incident.confirmedName;
  await tx.incidents.confirm(incident.id, { by: person?.id ?? null, name });
  await noteChange(tx, { incident, type: 'incident.confirmed', doer, data: { name } });
  return true;
};
