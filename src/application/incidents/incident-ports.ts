/** What use cases need of the store for incidents. */
import type { EventType } from '../../domain/audit/events.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident, IncidentCloseCause } from '../../domain/incidents/incident.ts';
import type { Json } from '../../domain/json.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Request } from '../../domain/requests/request.ts';

/** What Slack says of a channel now. `updatedMs`: `updated` of the conversation where Slack gave it; what is older than what is known changes nothing. */
export type ChannelState = {
  channelId: string;
  name: string;
  topic: string;
  purpose: string;
  isPrivate: boolean;
  teamId?: string | null;
  updatedMs?: number | null;
};

/** One thing that happened to an incident. `data` as in the audit log. */
export type IncidentChange = {
  type: Exclude<Extract<EventType, `incident.${string}`>, 'incident.refused'>;
  at: Date;
  byPersonId: string | null;
  data: { [key: string]: Json };
};

export type NewIncident = Pick<
  Incident,
  'id' | 'topic' | 'purpose' | 'severity' | 'confirmedSeverity' | 'how' | 'openedBy' | 'confirmedBy' | 'confirmedName'
> &
  Pick<ChannelState, 'channelId' | 'isPrivate' | 'teamId' | 'updatedMs'> & {
    channelName: string;
    isConfirmed: boolean;
  };

/** What was confirmed before stays only where the reopening itself is confirmed. */
export type Reopening = Pick<Incident, 'how' | 'openedBy' | 'confirmedBy' | 'confirmedName'> & { isConfirmed: boolean };

/** `isConfirmed`: by a person who may open incidents; then the rules see it. `saidAt`: when, where that was before now. */
export type SeverityChange = { severity: string; isConfirmed: boolean; saidAt: Date | null };
export type Closing = { by: string | null; cause: IncidentCloseCause; endsInMs: number | null };

export type IncidentWrites = {
  /** null when the channel has one that is open: somebody else was first. */
  insert(incident: NewIncident): Promise<Incident | null>;
  lock(id: string): Promise<Incident | null>;
  /** The newest of this channel. */
  lockOfChannel(channelId: string): Promise<Incident | null>;
  /** Keeps it from being closed or ended until the transaction ends; many may hold it at once. */
  hold(id: string): Promise<Incident | null>;
  /** Each of these raises the version. */
  setChannel(
    id: string,
    /** As found: nothing that the rules see changes by it. */
    channel: Pick<Incident, 'channelName' | 'topic' | 'purpose' | 'isPrivate' | 'isArchived'> & {
      updatedMs: number | null;
    },
  ): Promise<void>;
  setSeverity(id: string, change: SeverityChange): Promise<void>;
  /** `name`: by which the rules know it from now on; null where it was not said. */
  confirm(id: string, confirmation: { by: string | null; name: string | null }): Promise<void>;
  /** The rules know it by this name from now on. */
  confirmName(id: string, name: string): Promise<void>;
  reopen(id: string, reopening: Reopening): Promise<void>;
  close(id: string, closing: Closing): Promise<void>;
  /** Null when its end is not due, was begun before, or is begun by another right now. */
  lockToEnd(id: string): Promise<Incident | null>;
  setEnded(id: string): Promise<void>;
  note(id: string, change: Omit<IncidentChange, 'at'>): Promise<void>;
  /** Locks and returns what waits for a vote. */
  lockPending(id: string): Promise<Request[]>;
  /** Locks and returns grants that are activating or active and were not kept at its close, in the order of all locks. */
  lockGrantsToEnd(id: string): Promise<Grant[]>;
  keepGrant(grantId: string): Promise<void>;
  /** What shows live access that was given for it is to be refreshed; the requests of that access. */
  raiseHeld(id: string): Promise<string[]>;
};

/** How often a target was used in recent incidents, and when last. */
export type TargetUse = { target: string; incidents: number; lastAt: Date };

/** The incident with the people it names. `version` also counts every change of what is tied to it. */
export type IncidentRow = {
  incident: Incident;
  openedBy: Person | null;
  closedBy: Person | null;
  confirmedBy: Person | null;
  version: number;
  counts: { live: number; pending: number; ended: number };
  now: Date;
};

export type IncidentReads = {
  incident(id: string): Promise<Incident | null>;
  /** The newest of this channel, open or closed. */
  incidentOfChannel(channelId: string): Promise<Incident | null>;
  /** The one that the grant's request is tied to. */
  incidentOfGrant(grantId: string): Promise<Incident | null>;
  incidentRow(id: string): Promise<IncidentRow | null>;
  /** Open ones, oldest first. */
  openIncidents(limit: number): Promise<Incident[]>;
  incidentHistory(id: string): Promise<(IncidentChange & { by: Person | null })[]>;
  /** Targets that were requested in other incidents of the last `withinMs`, most used first. */
  targetsOfIncidents(exceptId: string, withinMs: number): Promise<TargetUse[]>;
  /** By grant: when its credentials were first shown. */
  credentialsShownAt(grantIds: string[]): Promise<Map<string, Date>>;
  /** Closed ones whose end is due, the longest overdue first. */
  incidentsToEnd(limit: number): Promise<string[]>;
  /** Milliseconds until the next closed incident's access is to end, negative when overdue, null when there is none. */
  msToNextIncidentEnd(): Promise<number | null>;
};
