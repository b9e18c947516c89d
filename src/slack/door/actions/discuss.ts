/** Opens the thread under the approval message, and shows the way there. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import { ACTION } from '../../messages/render/buttons.ts';
import { mention } from '../../messages/render/text.ts';
import type { Action } from '../context.ts';

/** Slack: docs.slack.dev/reference/objects/conversation-object: ids of direct messages begin with D. */
const isDirect = (channelId: string): boolean => channelId.startsWith('D');

export const discuss: Action = {
  id: ACTION.discuss,
  run: async ({ slack, userId, value: requestId, message, reply }) => {
    const { view } = await slack.useCases.discuss({ userId, requestId });
    if (!message || isDirect(message.channelId)) {
      const other = userIdIn(view.requester) === userId ? 'the approvers' : mention(view.requester);
      return reply({ text: `There is no shared thread here: write to ${other} directly.` });
    }
    const { permalink } = await slack.client.chat.getPermalink({
      channel: message.channelId,
      message_ts: message.ts,
    });
    const where = permalink ? `<${permalink}|The thread of the request>` : 'The thread of the request';
    return reply({
      text: `${where} is the place to talk about it. The request stays open, and you can still vote.`,
    });
  },
};
