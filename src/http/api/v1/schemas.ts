/** What the API takes and answers, once: bodies are checked by these, and the OpenAPI document is made of them. */
import { z } from 'zod';
import { storable } from '../../../lib/storable.ts';

const instant = z.iso.datetime().describe('A time, in UTC.');
const duration = z.string().max(30).describe('A duration such as 30m or 1h30m.');

/** Without what a database refuses. */
const kept = z.string().overwrite(storable);

export const sessionBody = z.strictObject({
  token: z.string().max(20_000).describe("The OIDC token of the job, with this server's address as its only audience."),
});

export const sessionAnswer = z.strictObject({
  session: z.string().describe('Sent as Authorization: Bearer in all other calls.'),
  client: z.string(),
  expires_at: instant,
});

export const requestBody = z.strictObject({
  role: kept.min(3).max(130).describe('target/role'),
  for: duration.optional(),
  reason: kept.max(4_000).default(''),
  ticket: kept.max(500).optional(),
  plan: kept
    .trim()
    .min(1)
    .max(300)
    .optional()
    .describe('What the job will run, in its own words, for the people who decide. No secrets: it stands in Slack.'),
  starts: z.iso.datetime({ offset: true }).optional().describe('Not before this time.'),
  window: kept
    .min(1)
    .max(100)
    .optional()
    .describe('A window of the policy: decided now, used once, by the first job of this client in its next opening.'),
});

export const IDEMPOTENCY_KEY = 'idempotency-key';
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible characters')
  .describe('Of this call: sent again with the same key, it gives what it made, whatever became of that.');

export const REQUEST_STATES = ['pending', 'approved', 'active', 'denied', 'lapsed', 'cancelled', 'ended'] as const;

export const requestAnswer = z.strictObject({
  id: z.string(),
  version: z.int().describe('Moves with each change; give it as ?version= to wait for the next one.'),
  state: z.enum(REQUEST_STATES),
  role: z.string(),
  for: z.string(),
  rule: z.string().nullable(),
  waiting_for: z.array(z.string()).describe('While it is pending: who may approve it.'),
  by: z.string().nullable().describe('Who decided, by name; null where a rule did, or nobody yet.'),
  why: z.string().nullable().describe('What they said, or why it ended.'),
  grant: z.string().nullable(),
  expires_at: instant.describe('When the access ends, or the request expires.'),
  window: z
    .strictObject({
      name: z.string(),
      opens_at: instant,
      closes_at: instant,
      taken: z
        .boolean()
        .describe('Whether a job has taken it over. Until then each job of this client may request it.'),
    })
    .nullable()
    .describe('Where it is for a window of the policy.'),
  message_url: z.string().nullable().describe('Its message in Slack; null before it stands there.'),
});

export const credentialsBody = z.strictObject({
  public_key: z.string().max(8_000).optional().describe('For SSH hosts: the line of a file that ends in .pub.'),
});

export const credentialsAnswer = z.strictObject({
  grant: z.string(),
  expires_at: instant,
  fields: z.array(
    z.strictObject({ name: z.string(), env: z.string().nullable(), value: z.string(), secret: z.boolean() }),
  ),
  instructions: z.string(),
});

export const heartbeatAnswer = z.strictObject({ grant: z.string(), expires_at: instant });

export const endAnswer = z.strictObject({
  ended: z.array(z.string()).describe('Grants of which the target confirmed that they are gone.'),
  ending: z.array(z.string()).describe('Grants that are being ended; the target has not confirmed it yet.'),
});

export const problemAnswer = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
});

export const waitQuery = z.object({
  wait: z.coerce.number().int().min(0).max(55).default(0).describe('Seconds to wait for a change.'),
  version: z.coerce.number().int().min(0).optional().describe('The version that is known already.'),
});

export const endQuery = z.object({
  exit: z.coerce.number().int().min(0).max(255).optional().describe('The exit code of what ran with the access.'),
});
