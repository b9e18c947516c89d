/** Every message, from what it says to how it looks. */
import type { MessageContent } from '../../../application/messages/channel.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import type { MessageKind } from '../../../application/messages/message-ports.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { approvalMessage } from './approval.ts';
import { alarmMessage, reviewedMessage, reviewMessage, reviewOverdueMessage } from './break-glass.ts';
import { clientMessage } from './client.ts';
import { warningMessage } from './more-time.ts';
import { discussionReply, escalationReply, reminderReply } from './replies.ts';
import { changedMessage, grantedMessage, outcomeMessage, requesterMessage } from './requester.ts';
import { stuckMessage } from './stuck.ts';
import { announcementMessage } from './admin-notification.ts';
import { alertMessage } from './alert.ts';
import { incidentMessage } from './incident-message.ts';
import { campaignMessage } from './campaign.ts';
import { preApprovalMessage } from './pre-approval.ts';
import { adviceMessage } from './advice.ts';
import { reportMessage } from './report.ts';
import { revocationMessage } from './revocation.ts';
import type { Message } from './text.ts';

const REQUEST_RENDERERS = {
  approval: approvalMessage,
  requester: (view, facts) =>
    view.requester.kind === 'client' ? clientMessage(view, facts) : requesterMessage(view, facts),
  granted: grantedMessage,
  warning: warningMessage,
  outcome: outcomeMessage,
  stuck: stuckMessage,
  alarm: alarmMessage,
  banner: alarmMessage,
  review: reviewMessage,
  review_overdue: reviewOverdueMessage,
  reviewed: reviewedMessage,
  changed: changedMessage,
  reminder: reminderReply,
  escalation: escalationReply,
  discussion: discussionReply,
} satisfies Record<MessageKind, (view: RequestView, facts: MessageFacts, part: number) => Message>;

type Renderers = { [S in MessageContent['subject']]: (content: Extract<MessageContent, { subject: S }>) => Message };

const RENDERERS: Renderers = {
  request: ({ kind, view, facts, part }) => REQUEST_RENDERERS[kind](view, facts, part),
  incident: (content) => incidentMessage(content),
  alert: ({ policy, view, audience }) => alertMessage(policy, view, audience),
  pre_approval: ({ policy, preApproval }) => preApprovalMessage(policy, preApproval),
  revocation: ({ policy, view }) => revocationMessage(policy, view),
  admin_notification: ({ notification }) => announcementMessage(notification),
  campaign: (content) => campaignMessage(content),
  advice: (content) => adviceMessage(content),
  report: (content) => reportMessage(content),
};

const render = <S extends MessageContent['subject']>(content: Extract<MessageContent, { subject: S }>): Message =>
  RENDERERS[content.subject](content);

export const messageOf = (content: MessageContent): Message => render(content);
