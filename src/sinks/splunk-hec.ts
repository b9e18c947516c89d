/** Splunk's HTTP Event Collector: envelopes one after the other. Its 200 says received, and not yet indexed. */
import type { SealedRecord } from '../domain/audit/events.ts';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { post } from './http.ts';

const SECOND_MS = 1_000;

export type Splunk = { url: string; token: string; index: string | null; source: string };

export const sendSplunk =
  ({ url, token, index, source }: Splunk, body: (event: SealedRecord) => object) =>
  async (events: readonly SealedRecord[]): Promise<Outcome> => {
    const envelopes = events.map((event) =>
      JSON.stringify({
        time: Date.parse(event.at) / SECOND_MS,
        source,
        sourcetype: 'latchkey:audit',
        ...(index !== null && { index }),
        event: body(event),
      }),
    );
    const address = `${url.replace(/\/+$/, '')}/services/collector/event`;
    const headers = { 'content-type': 'application/json', authorization: `Splunk ${token}` };
    return post({ url: address, headers, body: envelopes.join('\n'), what: `Splunk at ${url}` });
  };
