/** Datadog's log intake (v2): a list of entries, compressed. It takes none that is older than 18 hours. */
import { gzipSync } from 'node:zlib';
import type { SealedRecord } from '../domain/audit/events.ts';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { post } from './http.ts';

export const DATADOG_OLDEST_MS = 18 * 3_600_000;

export type Datadog = { url: string; key: string; origin: string };

export const sendDatadog =
  ({ url, key, origin }: Datadog, body: (event: SealedRecord) => object) =>
  async (events: readonly SealedRecord[]): Promise<Outcome> => {
    const entries = events.map((event) => ({
      ddsource: 'latchkey',
      service: 'latchkey',
      ddtags: `origin:${origin}`,
      timestamp: Date.parse(event.at),
      message: event.type,
      audit: body(event),
    }));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'dd-api-key': key };
    const address = `${url.replace(/\/+$/, '')}/api/v2/logs`;
    return post({ url: address, headers, body: gzipSync(JSON.stringify(entries)), what: `Datadog at ${url}` });
  };
