/** What Slack sends, read once at the door. Slack: docs.slack.dev/reference/interaction-payloads */
import { z } from 'zod';
import { storable } from '../../lib/storable.ts';
import type { ShownView } from './shown-view.ts';

/** Forged or broken text must not reach the database as what it refuses. */
export const text = z.string().transform(storable);

const option = z.object({ value: text });
const input = z.object({
  type: text,
  value: text.nullish(),
  selected_option: option.nullish(),
  selected_date_time: z.number().nullish(),
});

const view = z.object({
  id: text,
  type: z.enum(['modal', 'home']),
  hash: text.default(''),
  private_metadata: text.default(''),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), input)) }).default({ values: {} }),
});

const user = z.object({ id: text, team_id: text.optional() });

export const commandPayload = z.object({
  user_id: text,
  team_id: text,
  channel_id: text.default(''),
  trigger_id: text,
  text: text.default(''),
  response_url: text.optional(),
});

export const actionPayload = z.object({
  user,
  trigger_id: text.default(''),
  response_url: text.optional(),
  actions: z.array(z.object({ action_id: text, value: text.optional() })).min(1),
  view: view.optional(),
  container: z.object({ channel_id: text.optional(), message_ts: text.optional() }).optional(),
});

export const userChangePayload = z.object({
  user: z.object({
    id: text,
    team_id: text,
    deleted: z.boolean().default(false),
    enterprise_user: z.object({ enterprise_id: text }).optional().catch(undefined),
  }),
});

export const submitPayload = z.object({ user, view });

export const searchPayload = z.object({ user, value: text.default(''), block_id: text.default('') });

export const homePayload = z.object({ user: text, tab: text.default('') });

export const shownView = ({ id, hash, private_metadata: privateMetadata, state }: z.infer<typeof view>): ShownView => ({
  id,
  hash,
  privateMetadata,
  values: state.values,
});
