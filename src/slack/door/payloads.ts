/** What Slack sends, read once at the door. Slack: docs.slack.dev/reference/interaction-payloads */
import { z } from 'zod';
import type { ShownView } from './context.ts';

const option = z.object({ value: z.string() });
const input = z.object({
  type: z.string(),
  value: z.string().nullish(),
  selected_option: option.nullish(),
  selected_date_time: z.number().nullish(),
});

const view = z.object({
  id: z.string(),
  type: z.enum(['modal', 'home']),
  hash: z.string().default(''),
  private_metadata: z.string().default(''),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), input)) }).default({ values: {} }),
});

const user = z.object({ id: z.string(), team_id: z.string().optional() });

export const commandPayload = z.object({
  user_id: z.string(),
  team_id: z.string(),
  channel_id: z.string().default(''),
  trigger_id: z.string(),
  text: z.string().default(''),
  response_url: z.string().optional(),
});

export const actionPayload = z.object({
  user,
  trigger_id: z.string().default(''),
  response_url: z.string().optional(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
  view: view.optional(),
  container: z.object({ channel_id: z.string().optional(), message_ts: z.string().optional() }).optional(),
});

export const userChangePayload = z.object({
  user: z.object({ id: z.string(), team_id: z.string(), deleted: z.boolean().default(false) }),
});

export const submitPayload = z.object({ user, view });

export const searchPayload = z.object({ user, value: z.string().default(''), block_id: z.string().default('') });

export const homePayload = z.object({ user: z.string(), tab: z.string().default('') });

export const shownView = ({ id, hash, private_metadata: privateMetadata, state }: z.infer<typeof view>): ShownView => ({
  id,
  hash,
  privateMetadata,
  values: state.values,
});
