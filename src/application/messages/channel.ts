/** What delivers messages: Slack, so far. Which message stands where and what it shows is decided here; how it looks, there. */
import type { Policy } from '../../domain/policy/types.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import type { AlertView } from '../alerts/alert-ports.ts';
import type { AdminNotification } from '../record/admin-notification-ports.ts';
import type { IncidentBriefing, IncidentTimeline } from '../incidents/incident-types.ts';
import type { RequestView } from '../record/request-view.ts';
import type { ReportRun } from '../reports/report-run-ports.ts';
import type { AllAdvice } from '../reviews/all-advice.ts';
import type { RevocationView } from '../revocations/revocation-ports.ts';
import type { MessageFacts } from './facts.ts';
import type { MessageKindOf, MessageSubject, Place, SubjectKind } from './message-ports.ts';

export type MissingApproval = { label: string; count: number };

export type IncidentContent = {
  subject: 'incident';
  kind: MessageKindOf<'incident'>;
  audience: string;
  policy: Policy;
  briefing: IncidentBriefing;
  /** By request id. */
  missing: ReadonlyMap<string, readonly MissingApproval[]>;
  /** Requests whose own approval message stands in this very channel: there they are decided, and not here as well. */
  requestedHere: ReadonlySet<string>;
  /** The incident was closed and opened again since this message was posted: a newer one has everything. */
  isOld: boolean;
  /** Why the incident's channel took no message, in the channel's own code; null where nothing was refused. */
  refusal: string | null;
  /** Null where it shows none. */
  timeline: IncidentTimeline | null;
};

/** Read when it is sent: together they may be large. */
export type MessageFile = { name: string; read(): Promise<Buffer> };

/** For admins, beside a campaign about roles. */
export type AdviceContent = {
  subject: 'advice';
  kind: 'advice' | 'advice_files';
  campaign: Campaign;
  advice: AllAdvice;
  files: MessageFile[];
};

export type ReportContent = {
  subject: 'report';
  kind: MessageKindOf<'report'>;
  run: ReportRun;
  files: MessageFile[];
};

/** What a message says, as data. */
export type MessageContent =
  | { subject: 'request'; kind: MessageKindOf<'request'>; part: number; view: RequestView; facts: MessageFacts }
  | IncidentContent
  | { subject: 'alert'; policy: Policy; view: AlertView; audience: string }
  | { subject: 'pre_approval'; policy: Policy; preApproval: PreApprovalView }
  | { subject: 'revocation'; policy: Policy; view: RevocationView }
  | { subject: 'admin_notification'; notification: AdminNotification }
  | { subject: 'campaign'; campaign: Campaign; lines: readonly CampaignLine[] }
  | AdviceContent
  | ReportContent;

export type Delivery = {
  subject: MessageSubject;
  kind: MessageKindOf<SubjectKind>;
  audience: string;
  content: MessageContent;
  /** Where it stands, to be updated; null where it is to be posted. */
  place: Place | null;
  /** What it goes under; null where it stands by itself. */
  thread: Place | null;
  /** It may come late, when limits are needed for what people wait for. */
  isPatient: boolean;
  /** Nothing is delivered where it would show what has this fingerprint. */
  unless: string | null;
};

/** `held`: to be tried later. `refused`: trying again changes nothing; `code` is the channel's word for it. */
export type Delivered =
  | { outcome: 'posted'; place: Place; rendered: string }
  | { outcome: 'updated' | 'unchanged'; rendered: string }
  | { outcome: 'held'; retryInMs: number; error: string }
  | { outcome: 'refused'; code: string };

export type MessageChannel = {
  deliver(delivery: Delivery): Promise<Delivered>;
  /** The id of a channel that the policy names; null where there is none for us. Rejects with `ChannelHeldError`. */
  findChannel(named: string): Promise<string | null>;
  /** False where it is a person's id. */
  isChannel(audience: string): boolean;
  /** Whether everybody in the workspace can read it. Rejects with `ChannelHeldError`. */
  isPublic(channelId: string): Promise<boolean>;
  /** Why nothing can be posted in a channel, as the end of a sentence that begins with its name. */
  problemText(code: string): string;
};

/** The channel cannot be asked now. */
export class ChannelHeldError extends Error {
  readonly code: string;
  readonly retryInMs: number;

  constructor(code: string, retryInMs: number, options: ErrorOptions) {
    super(`the channel of messages cannot be asked now (${code})`, options);
    this.name = 'ChannelHeldError';
    this.code = code;
    this.retryInMs = retryInMs;
  }
}
