/** Which channel a name of the policy meant when it was first looked up. */
import { and, eq, sql } from 'drizzle-orm';
import type { ChannelNameReads, ChannelNameWrites } from '../application/messages/message-ports.ts';
import { channelNames } from './schema/notices.ts';
import { clock, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';

export const channelNameReads = (db: Db): ChannelNameReads => ({
  channelName: async (name) =>
    firstOrNull(
      await db
        .select({ channelId: channelNames.channelId, takenBy: channelNames.takenBy })
        .from(channelNames)
        .where(eq(channelNames.name, name)),
    ),
});

export const channelNameWrites = (db: Db): ChannelNameWrites => ({
  keep: async (name, channelId) => {
    const kept = await db
      .insert(channelNames)
      .values({ name, channelId, createdAt: clock })
      // A process that was faster has said which one it is.
      .onConflictDoUpdate({ target: channelNames.name, set: { name } })
      .returning({ channelId: channelNames.channelId });
    return only(kept).channelId;
  },
  setTaken: async (name, takenBy) => {
    const changed = await db
      .update(channelNames)
      .set({ takenBy })
      .where(and(eq(channelNames.name, name), sql`${channelNames.takenBy} is distinct from ${takenBy}`))
      .returning({ name: channelNames.name });
    return changed.length > 0;
  },
});
