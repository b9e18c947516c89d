/** One request to a sink, and what its answer means for the events that were in it. */
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { boundedText } from '../lib/bounded-text.ts';

const TIMEOUT_MS = 20_000;
/** Elastic repeats each event that it refuses. */
const ANSWER_MAX = 16 * 1024 * 1024;
const REFUSED = new Set([400, 413, 422]);
const CLOSED = new Set([401, 403, 410]);
const SECOND_MS = 1_000;

/** Seconds or a date. */
const retryAfter = (text: string | null): number | null => {
  if (text === null) return null;
  const ms = /^\d{1,6}$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : null;
};

export type Post = { url: string; headers: Record<string, string>; body: string | Uint8Array; what: string };

export const post = async ({ url, headers, body, what }: Post): Promise<Outcome & { text?: string }> => {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { fetch } = (await import('undici')).default;
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    const text = await boundedText(response.body, ANSWER_MAX);
    const { status } = response;
    const why = `${what} answered with status ${status}`;
    if (status >= 200 && status < 300) return { kind: 'taken', text };
    if (REFUSED.has(status)) return { kind: 'refused', why };
    if (CLOSED.has(status)) return { kind: 'closed', why };
    return { kind: 'later', why, afterMs: retryAfter(response.headers.get('retry-after')) };
  } catch (error) {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'no answer';
    return { kind: 'later', why: `${what} cannot be reached (${reason})`, afterMs: null };
  }
};
