/**
 * Elasticsearch's bulk call. Each event has its hash as id, so one that is sent again is the same document, and one of another log, or of a
 * database that was restored, is another.
 */
import type { SealedRecord } from '../domain/audit/events.ts';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { post } from './http.ts';

const CONFLICT = 409;
const BUSY = 429;

export type Elastic = { url: string; key: string; index: string };

type Items = { errors?: boolean; items?: { create?: { status?: number } }[] };

const read = (text: string): Items => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
};

/** The call is answered with 200 also where a document was refused. */
const judge = (text: string, { what, sent }: { what: string; sent: number }): Outcome => {
  const { errors, items = [] } = read(text);
  // A page of a proxy is answered with 200, too: only its own word says that each was taken.
  if (items.length !== sent)
    return { kind: 'later', why: `${what} did not say what became of each document`, afterMs: null };
  if (errors !== true) return { kind: 'taken' };
  const bad = items.map(({ create }) => create?.status ?? 0).filter((status) => status >= 300 && status !== CONFLICT);
  const [status] = bad;
  if (status === undefined) return { kind: 'taken' };
  const why = `${what} refused a document with status ${status}`;
  return bad.some((one) => one === BUSY || one >= 500)
    ? { kind: 'later', why, afterMs: null }
    : { kind: 'refused', why };
};

export const sendElastic =
  ({ url, key, index }: Elastic, body: (event: SealedRecord) => object) =>
  async (events: readonly SealedRecord[]): Promise<Outcome> => {
    const lines = events.flatMap((event) => [
      JSON.stringify({ create: { _index: index, _id: event.hash } }),
      JSON.stringify({ '@timestamp': event.at, ...body(event) }),
    ]);
    const what = `Elasticsearch at ${url}`;
    const headers = { 'content-type': 'application/x-ndjson', authorization: `ApiKey ${key}` };
    const address = `${url.replace(/\/+$/, '')}/_bulk`;
    const { text = '', ...outcome } = await post({ url: address, headers, body: `${lines.join('\n')}\n`, what });
    return outcome.kind === 'taken' ? judge(text, { what, sent: events.length }) : outcome;
  };
