/** HTTP mode: signed requests to the app. Slack: docs.slack.dev/authentication/verifying-requests-from-slack */
import { createHmac } from 'node:crypto';
import type { Ack, Envelope } from './delivery.ts';
import type { State } from './state.ts';

const sign = (secret: string, timestamp: string, body: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;

const encode = (envelope: Envelope): { type: string; body: string } => {
  if (envelope.kind === 'events_api') {
    return { type: 'application/json', body: JSON.stringify(envelope.payload) };
  }
  const fields =
    envelope.kind === 'interactive'
      ? { payload: JSON.stringify(envelope.payload) }
      : Object.fromEntries(Object.entries(envelope.payload).map(([key, value]) => [key, String(value)]));
  return {
    type: 'application/x-www-form-urlencoded',
    body: new URLSearchParams(fields).toString(),
  };
};

/** The app checks the age of a request against the real clock, so the real clock signs it. */
const headersFor = (
  state: State,
  envelope: Envelope,
  encoded: { type: string; body: string },
): Record<string, string> => {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  return {
    'content-type': encoded.type,
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': sign(state.app.signingSecret, timestamp, encoded.body),
    ...(envelope.retryNum > 0
      ? {
          'x-slack-retry-num': String(envelope.retryNum),
          'x-slack-retry-reason': envelope.retryReason ?? 'unknown_error',
        }
      : {}),
  };
};

const readAck = async (response: Response): Promise<unknown> => {
  const written = await response.text();
  if (written === '') return undefined;
  const isJson = (response.headers.get('content-type') ?? '').includes('application/json');
  return isJson ? (JSON.parse(written) as unknown) : { text: written };
};

export const deliverByHttp = async (state: State, url: string, envelope: Envelope): Promise<Ack> => {
  const encoded = encode(envelope);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: headersFor(state, envelope, encoded),
      body: encoded.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(state.timing.ackMs),
    });
    const body = await readAck(response);
    if (response.ok) return { ok: true, body };
    const isFinal = response.headers.get('x-slack-no-retry') === '1';
    return { ok: false, error: 'dispatch_failed', reason: 'http_error', isFinal };
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    return isTimeout
      ? { ok: false, error: 'operation_timeout', reason: 'http_timeout', isFinal: false }
      : { ok: false, error: 'dispatch_failed', reason: 'connection_failed', isFinal: false };
  }
};
