/** What a window may do: checked at the door. The browser's code knows the type. */
import { z } from 'zod';

const id = z.string().min(1).max(255);
const words = z.string().max(40_000);
const json = z.record(z.string(), z.unknown());

const place = z.discriminatedUnion('is', [
  z.object({ is: z.literal('message'), channel: id, ts: id }),
  z.object({ is: z.literal('modal'), viewId: id }),
  z.object({ is: z.literal('home') }),
]);
const element = { place, blockId: id, actionId: id };
const chosen = z.union([z.string(), z.number(), json, z.array(z.string()), z.array(json), z.null()]);

export const Act = z.discriminatedUnion('act', [
  z.object({ act: z.literal('post'), channel: id, text: words, threadTs: id.optional() }),
  z.object({ act: z.literal('command'), channel: id, command: id, text: words }),
  z.object({ act: z.literal('click'), ...element, value: words.optional() }),
  z.object({ act: z.literal('fill'), ...element, value: chosen }),
  z.object({ act: z.literal('write'), ...element, text: words, isEnter: z.boolean() }),
  z.object({ act: z.literal('suggest'), ...element, query: words }),
  z.object({ act: z.literal('submit'), viewId: id }),
  z.object({ act: z.literal('close'), viewId: id }),
  z.object({ act: z.literal('open_app'), tab: z.enum(['home', 'messages']) }),
  z.object({ act: z.literal('open_direct'), userId: id }),
  z.object({ act: z.literal('read'), channel: id, ts: id }),
  z.object({ act: z.literal('create_channel'), name: words, isPrivate: z.boolean() }),
  z.object({ act: z.literal('join'), channel: id }),
  z.object({ act: z.literal('leave'), channel: id }),
  z.object({ act: z.literal('invite'), channel: id, userId: id }),
  z.object({ act: z.literal('rename'), channel: id, name: words }),
  z.object({ act: z.literal('set_topic'), channel: id, topic: words }),
  z.object({ act: z.literal('archive'), channel: id, isArchived: z.boolean() }),
  z.object({ act: z.literal('world_connect'), user: words, password: words }),
  z.object({ act: z.literal('world_query'), connectionId: id, sql: words }),
  z.object({ act: z.literal('world_disconnect'), connectionId: id }),
  z.object({ act: z.literal('world_end_soon'), grantId: id, inMs: z.number().int().min(1_000).max(3_600_000) }),
  z.object({ act: z.literal('world_pipeline') }),
  z.object({ act: z.literal('world_alert') }),
  z.object({ act: z.literal('world_tour'), does: z.enum(['start', 'stop']) }),
]);
export type Act = z.infer<typeof Act>;
