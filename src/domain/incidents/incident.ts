export const INCIDENT_ORIGINS = [
  'created',
  'renamed',
  'unarchived',
  'invited',
  'command',
  'tool',
  'alert',
  'found',
] as const;

/** How Latchkey came to know of an incident; `found` is a look at the channels, after it was down or newly configured. */
export type IncidentOrigin = (typeof INCIDENT_ORIGINS)[number];

export const INCIDENT_CLOSE_CAUSES = ['archived', 'renamed', 'command', 'tool'] as const;

export type IncidentCloseCause = (typeof INCIDENT_CLOSE_CAUSES)[number];

/** An incident channel and the grants tied to it. A channel has at most one that is open. */
export type Incident = {
  id: string;
  teamId: string | null;
  channelId: string;
  channelName: string;
  topic: string;
  purpose: string;
  isPrivate: boolean;
  isArchived: boolean;
  /** Slack's `updated` of the newest state of the channel that was taken in; what is older changes nothing. 0 where Slack gave none. */
  channelUpdatedMs: number;
  /** `sev1`, `p2`; empty where it is not known. What is shown: also what was only found in the channel, which no rule believes. */
  severity: string;
  /** The severity in the words of a person who may open incidents: what the rules see. Null until one of them says it. */
  confirmedSeverity: string | null;
  confirmedSeverityAt: Date | null;
  state: 'open' | 'closed';
  /** Of the last opening; a reopened incident is the same one. */
  how: IncidentOrigin;
  openedAt: Date;
  openedBy: string | null;
  /** By whose word the rules take it for an incident: nobody's own channel lets them in. Null until somebody who may open one said so. */
  confirmedBy: string | null;
  confirmedAt: Date | null;
  /** Its name as a person who may open incidents confirmed or gave it: what the rules see. Null until then. */
  confirmedName: string | null;
  closedAt: Date | null;
  closedBy: string | null;
  closeCause: IncidentCloseCause | null;
  /** After the close, when what is tied to it ends; null where it runs on (`on_close: keep`). */
  endsAt: Date | null;
  /** When that was begun. */
  endedAt: Date | null;
  version: number;
};
