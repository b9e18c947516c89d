/** Standard Webhooks, signed with Ed25519 (`v1a`): one event a call, the same id for each try, and never that of an event of another log. */
import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SealedRecord } from '../domain/audit/events.ts';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { post } from './http.ts';

const PREFIX = 'whsk_';
const SEED_BYTES = 32;
/** A private key of 32 bytes as PKCS#8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SECOND_MS = 1_000;

/** `whsk_` and 32 bytes of a seed, or 64 of seed and public key, in base64; null where it is neither. */
export const webhookKey = (text: string): KeyObject | null => {
  const bytes = Buffer.from(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '', 'base64');
  if (bytes.length !== SEED_BYTES && bytes.length !== 2 * SEED_BYTES) return null;
  return createPrivateKey({ key: Buffer.concat([PKCS8, bytes.subarray(0, SEED_BYTES)]), format: 'der', type: 'pkcs8' });
};

export type Webhook = { url: string; key: KeyObject };

export const sendWebhook =
  ({ url, key }: Webhook, body: (event: SealedRecord) => string) =>
  async ([event]: readonly SealedRecord[]): Promise<Outcome> => {
    if (!event) return { kind: 'taken' };
    const [id, timestamp, text] = [`evt_${event.hash}`, String(Math.floor(Date.now() / SECOND_MS)), body(event)];
    const signature = sign(null, Buffer.from(`${id}.${timestamp}.${text}`), key).toString('base64');
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1a,${signature}`,
    };
    return post({ url, headers, body: text, what: `The webhook ${url}` });
  };
