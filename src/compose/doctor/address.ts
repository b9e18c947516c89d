/** Whether LATCHKEY_PUBLIC_URL leads to this Latchkey: Slack in HTTP mode and webhooks come by it. */
import { warningFinding } from '../../domain/finding.ts';
import type { Examined } from '../../domain/finding.ts';
import { boundedText } from '../../lib/bounded-text.ts';
import { isLoopback } from '../../lib/postgres-tls.ts';
import { plain } from './check.ts';

const TIMEOUT_MS = 5_000;
/** Of Latchkey's own health, some hundred bytes. */
const ANSWER_MAX = 65_536;

const denialReason = async (url: string): Promise<string | null> => {
  try {
    const answer = await fetch(`${url}/healthz`, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    const body: unknown = isJson ? JSON.parse(await boundedText(answer.body, ANSWER_MAX)) : null;
    const isOurs = typeof body === 'object' && body !== null && 'status' in body && body.status === 'ok';
    return isOurs ? null : `it answers ${answer.status} and is not Latchkey`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (!(cause instanceof Error) || cause.name === 'TimeoutError') return 'no answer in time';
    return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  }
};

/** Warnings: before the first start, and from a machine inside, it may not answer though all is well. */
export const examineAddress = async (url: string, { isHttpMode }: { isHttpMode: boolean }): Promise<Examined> => {
  const users = isHttpMode ? `Slack (as ${url}/slack/events) and webhooks` : `webhooks (as ${url}/hooks/…)`;
  const why = await denialReason(url);
  const { protocol, hostname } = new URL(url);
  const isPlain = protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
  return plain(url, [
    ...(why === null
      ? []
      : [
          warningFinding(
            'address',
            `${url}/healthz does not lead to Latchkey from here (${why}), and ${users} must reach it: start Latchkey, or correct LATCHKEY_PUBLIC_URL or the proxy.`,
          ),
        ]),
    ...(isPlain
      ? [
          warningFinding(
            'not_encrypted',
            'LATCHKEY_PUBLIC_URL is not https: put a proxy with a certificate before Latchkey.',
          ),
        ]
      : []),
  ]);
};
