/** What the verbs around incidents take and give. */
import type { PersonCaller } from '../identity/caller.ts';
import type { Incident, IncidentOrigin } from '../../domain/incidents/incident.ts';
import type { LikelyTarget } from '../../domain/incidents/likely-targets.ts';
import type { Timeline } from '../../domain/incidents/timeline.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';
import type { RequestView } from '../record/request-view.ts';
import type { ChannelState, IncidentRow } from './incident-ports.ts';

/** What of a channel's state is known to be this person's doing, because the event that names them says so. */
export type SaidOfChannel = { name?: string; topic?: string; isArchived?: boolean; at?: Date | null };

/**
 * `userId`: who did it, also the id of a bot; null where Slack does not say. `how` is only the word for it: what happens hangs on the
 * state. `said`: what they did of what is found; left out, it is the name of a channel that they made, and nothing else.
 */
export type NoteChannelInput = ChannelState & {
  isArchived: boolean;
  how: IncidentOrigin;
  userId: string | null;
  said?: SaidOfChannel;
};

/** `none`: no incident's channel. `stale`: something newer was known. */
export type NoteChannelResult =
  | { outcome: 'none'; incident: null }
  | { outcome: 'opened' | 'reopened' | 'changed' | 'closed' | 'unchanged' | 'stale'; incident: Incident };

/** `severity` as it was typed, or null. */
export type OpenIncidentInput = { caller: PersonCaller; channel: ChannelState; severity: string | null };

/**
 * `confirmed`: it was open, and counts for the rules from now on, by its name of now. `renamed`: nothing was confirmed, since its name
 * changed meanwhile. `isConfirmed` false: the rules do not take it for an incident yet.
 */
export type OpenIncidentResult = {
  outcome: 'opened' | 'reopened' | 'confirmed' | 'open' | 'renamed';
  isConfirmed: boolean;
  incident: Incident;
};

/** For alerts: `source` goes into the log; such an incident counts for the rules only when somebody confirms it. */
export type AlertIncidentInput = { channel: ChannelState; source: string };

export type SetSeverityInput = { caller: PersonCaller; channelId: string; severity: string };

export type CloseIncidentInput = { caller: PersonCaller; channelId: string };

/** `already`: it was closed before; nothing was done. */
export type CloseIncidentResult = { outcome: 'closed' | 'already'; incident: Incident };

/** A message in a channel; one of `incidents.tool` may mean something. `userIds`: every id it came with (user, bot, app). */
export type ToolMessageInput = {
  channel: ChannelState;
  userIds: string[];
  text: string;
  /** When it was posted: delivered late, it closes nothing that was opened after it. */
  postedAt: Date;
};

export type ToolMessageResult = { outcome: 'opened' | 'reopened' | 'closed' | 'nothing'; incident: Incident | null };

export type KeepGrantInput = { caller: PersonCaller; grantId: string };

export type KeepGrantResult = { view: RequestView; isRepeat: boolean };

/** The newest incident of a channel, or one by its id. */
export type IncidentRef = { channelId: string } | { id: string };

/** Everything about an incident, for its messages. */
export type IncidentView = IncidentRow & {
  /** Best first; none where nothing points at any. */
  targets: LikelyTarget[];
  /** Tied to it, a hundred at most: live ones first, then those that wait, then the rest, each newest first. */
  requests: RequestView[];
};

/** Who may let somebody in, in one role of a target, and whether somebody on call gets in at once. */
export type RoleBriefing = {
  role: string;
  title: string;
  /** What the rules say to somebody on call now. */
  decision: 'approve' | 'ask' | 'deny';
  rule: string | null;
  /** Who may approve; empty where there is no approver. */
  eligible: PotentialApprovers[];
};

export type TargetBriefing = LikelyTarget & {
  roles: RoleBriefing[];
  /** The first role that a rule gives at once to somebody who is on call: worth a button. What it requests, and why. */
  readNow: { role: string; durationMs: number; reason: string; rule: string | null } | null;
};

/** One on-call group; `people` null when it could not be looked up. */
export type OnCallBriefing = { group: string; people: Person[] | null };

/** The view with what is looked up when it is rendered. `unknown` names what could not be looked up. */
export type IncidentBriefing = {
  view: IncidentView;
  targets: TargetBriefing[];
  onCall: OnCallBriefing[];
  unknown: string[];
};

export type IncidentTimeline = { view: IncidentView; timeline: Timeline; json: string; markdown: string };

export type IncidentUseCases = {
  /** Takes in the state of a channel. Any number of times, by any number of processes: one incident, one prompt. */
  syncIncidentChannel(input: NoteChannelInput): Promise<NoteChannelResult>;
  openIncident(input: OpenIncidentInput): Promise<OpenIncidentResult>;
  openIncidentForAlert(
    input: AlertIncidentInput,
  ): Promise<{ outcome: 'opened' | 'reopened' | 'open'; incident: Incident }>;
  setSeverity(input: SetSeverityInput): Promise<{ incident: Incident }>;
  closeIncident(input: CloseIncidentInput): Promise<CloseIncidentResult>;
  handleToolMessage(input: ToolMessageInput): Promise<ToolMessageResult>;
  keepGrant(input: KeepGrantInput): Promise<KeepGrantResult>;
  incidentView(ref: IncidentRef): Promise<IncidentView | null>;
  /** Asks Slack and the on-call services: for drawing, from recent look-ups. */
  incidentBriefing(ref: IncidentRef): Promise<IncidentBriefing | null>;
  incidentTimeline(ref: IncidentRef): Promise<IncidentTimeline | null>;
  /** Ends what is tied to incidents whose warning is over. `work` resolves when it is done. */
  endIncidents(): Promise<{ count: number; work: Promise<void> }>;
};
