/** Why nothing can be posted in a channel that the policy names, as the end of a sentence. Slack: docs.slack.dev/reference/methods/chat.postMessage, "Errors" */
const WHY: Record<string, string> = {
  is_archived: 'is archived: restore it, or name another channel in the policy.',
  channel_not_found:
    'is not there for Latchkey: it does not exist, is archived, or its bot is not in it. Invite the bot, or name another channel in the policy.',
  not_in_channel: 'does not have the bot as a member: type `/invite @latchkey` there.',
  restricted_action: 'lets only some people post: let the bot post there, or name another channel in the policy.',
};

export const channelProblemText = (code: string): string =>
  WHY[code] ?? `refuses messages (${code}): look at it, or name another channel in the policy.`;
