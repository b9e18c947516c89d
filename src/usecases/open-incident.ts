/** Somebody says that a channel is an incident's, whatever its name; or vouches for one that is open. */
import { readSeverity } from '../core/incidents/severity.ts';
import { DomainError } from '../core/errors.ts';
import type { Incidents } from '../core/policy/types.ts';
import type { Incident, IncidentOrigin } from '../core/types.ts';
import { changeSeverity, mustLock, noteChange, openAgain, takeIn } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { mayOpen } from './incident-facts.ts';
import type { ChannelState } from './ports-incidents.ts';
import type { AlertIncidentInput, OpenIncidentInput, OpenIncidentResult } from './incident-types.ts';
import type { Deps, Tx } from './ports.ts';

export const demandIncidents = ({ policy }: Pick<Deps, 'policy'>): Incidents => {
  const { incidents } = policy();
  if (!incidents) throw new DomainError('incidents_off');
  return incidents;
};

/** Rejects with `bad_severity` for what cannot be one; null stays null. */
export const demandSeverity = (incidents: Incidents, typed: string | null): string | null => {
  if (typed === null) return null;
  const severity = readSeverity(incidents, typed);
  if (severity === null)
    throw new DomainError('bad_severity', { text: typed.slice(0, 40), pattern: incidents.severity });
  return severity;
};

export const openIncident = async (deps: Deps, input: OpenIncidentInput): Promise<OpenIncidentResult> => {
  const incidents = demandIncidents(deps);
  const severity = demandSeverity(incidents, input.severity);
  const person = await deps.directory.person(input.userId);
  const may = await mayOpen(deps, deps.policy(), { person, freshness: 'fresh' });
  const doer: Doer = { person, userId: input.userId, isTrusted: may === 'yes' };
  return deps.store.transaction((tx) =>
    open(tx, { deps, incidents, channel: input.channel, how: 'command', doer, severity }),
  );
};

export const openIncidentForAlert = async (
  deps: Deps,
  { channel, source }: AlertIncidentInput,
): Promise<{ outcome: 'opened' | 'reopened' | 'open'; incident: Incident }> => {
  const incidents = demandIncidents(deps);
  const doer: Doer = { person: null, userId: source.slice(0, 100), isTrusted: false };
  return deps.store.transaction(async (tx) => {
    const { outcome, incident } = await open(tx, { deps, incidents, channel, how: 'alert', doer, severity: null });
    return { outcome: outcome === 'vouched' ? 'open' : outcome, incident };
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

/** Also for the tool's messages. */
export const open = async (tx: Tx, opening: Opening): Promise<OpenIncidentResult> => {
  const { deps, incidents, channel } = opening;
  const last = await tx.incidents.lockOfChannel(channel.channelId);
  if (last?.state === 'open') return vouch(tx, opening, last);
  const opened = await openAgain(tx, { incidents, ids: deps.ids }, { ...opening, last });
  if (opened) return { ...opened, isVouched: opened.incident.vouchedAt !== null };
  const first = await tx.incidents.lockOfChannel(channel.channelId);
  if (first?.state !== 'open') throw new DomainError('conflict', { noun: 'incident', id: channel.channelId });
  return vouch(tx, opening, first);
};

const vouch = async (
  tx: Tx,
  { incidents, channel, doer, severity }: Opening,
  known: Incident,
): Promise<OpenIncidentResult> => {
  await takeIn(tx, incidents, { incident: known, channel, doer, isArchived: known.isArchived });
  const isNews = known.vouchedAt === null && doer.isTrusted;
  if (isNews) {
    if (doer.person) await tx.people.upsert(doer.person);
    await tx.incidents.vouch(known.id, doer.person?.id ?? null);
    await noteChange(tx, { incident: known, type: 'incident.vouched', doer, data: {} });
  }
  const current = await mustLock(tx, known.id);
  if (severity !== null && (doer.isTrusted || current.vouchedAt === null))
    await changeSeverity(tx, { incident: current, severity, doer });
  const incident = await mustLock(tx, known.id);
  return { outcome: isNews ? 'vouched' : 'open', isVouched: incident.vouchedAt !== null, incident };
};
