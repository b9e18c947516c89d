/** Each message of an incident, by its kind and by whether it stands in the incident's channel. */
import type { IncidentContent } from '../../../application/messages/channel.ts';
import { closingMessage, keepMessage, timelineMessage } from './incident-close.ts';
import { missingWords, noticeMessage, promptMessage } from './incident.ts';
import type { PromptDrawing } from './incident.ts';
import type { Message } from './text.ts';

const isInChannel = ({ audience, briefing }: IncidentContent): boolean => audience === briefing.view.incident.channelId;

const WHY_NOT: Record<string, string> = {
  missing_scope: 'the Slack app lacks a permission: bring it up to date with `manifest.yml`',
  not_in_channel: 'it is not in the channel: type `/invite @latchkey` there',
  channel_not_found: 'it is not in the channel: type `/invite @latchkey` there',
  restricted_action: 'the workspace does not let it post there',
};

/** Why somebody reads this directly; null in the channel itself. */
const detourOf = (content: IncidentContent): string | null => {
  if (isInChannel(content)) return null;
  const { refusal, briefing } = content;
  const why = refusal ? (WHY_NOT[refusal] ?? `Slack says \`${refusal}\``) : 'it is not in the channel';
  return `Latchkey cannot post in <#${briefing.view.incident.channelId}>: ${why}. So you read it here.`;
};

const promptOf = (content: IncidentContent): PromptDrawing => {
  const { briefing, policy, missing, requestedHere: askedHere, isOld } = content;
  const words = new Map([...missing].map(([id, parts]) => [id, missingWords(parts)]));
  return { briefing, policy, missing: words, askedHere, isOld, detour: detourOf(content) };
};

export const incidentMessage = (content: IncidentContent): Message => {
  const { kind, briefing, policy, audience, timeline } = content;
  const { view } = briefing;
  const isHere = isInChannel(content);
  if (kind === 'prompt') return promptMessage(promptOf(content));
  if (kind === 'notice') return noticeMessage(promptOf(content));
  if (kind === 'closing') return isHere ? closingMessage({ view, policy }) : keepMessage({ view, policy }, audience);
  if (!timeline) throw new Error(`there is no message of an incident of the kind ${kind}`);
  return timelineMessage(timeline, policy, isHere ? 'there' : 'elsewhere');
};
