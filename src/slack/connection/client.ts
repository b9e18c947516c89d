/** Clients of Slack's Web API with bounded patience. */
import { WebClient, type FetchFunction, type WebClientOptions } from '@slack/web-api';
import type { ClockReading } from '../../domain/finding.ts';
import type { Log } from '../../lib/log.ts';
import type { Pace } from '../../application/identity/fact-ports.ts';
import { createWaits } from '../../lib/waits.ts';
import type { Waits } from '../../lib/waits.ts';
import { fetchWithin } from './http-call.ts';
import { createPacing, createSpareFetch } from './pace.ts';
import type { Pacing, Spacing } from './pace.ts';
import type { OnSlackCall } from './http-call.ts';
import { slackLogger } from './logger.ts';
import type { Organisation } from './organisation.ts';

/** A person waits in front of the screen: fail soon, and say so. */
const INTERACTIVE_TIMEOUT_MS = 8_000;
/** Messages wait in the outbox: one try per run, and the queue comes back. */
const NOTIFIER_TIMEOUT_MS = 10_000;

/** `pace`: how calls are planned so that Slack's rate limits are kept; where there is none, only what Slack demands is waited out. */
export type ClientSettings = {
  /** Null where `organisation` has the tokens. */
  botToken: string | null;
  organisation?: Organisation | null;
  apiUrl: string | null;
  log: Log;
  onCall?: OnSlackCall;
  pace?: Pace | null;
  /** Called for what waits for a limit. */
  waits?: Waits;
};

/** `space` keeps messages to one channel apart, whichever client of this process sends them. */
type SpacedSettings = ClientSettings & { space: Spacing; waits: Waits };

/** A decision waits out a limit for so long before it says that Slack could not be asked. */
const INTERACTIVE_HOLD_MS = 20_000;
/** A message that must wait longer goes back to the queue. */
const NOTIFIER_HOLD_MS = 1_500;

/** Each installation has limits of its own. */
const pacingOf = (
  { organisation, pace: shared = null, space, waits, onCall }: SpacedSettings,
  { timeoutMs, holdMs }: { timeoutMs: number; holdMs: number },
): Pacing => {
  const call = fetchWithin(timeoutMs, onCall);
  const pacing = (pace: Pace | null): Pacing => createPacing(call, { pace, space, waits }, holdMs);
  return organisation ? organisation.pacing((id) => pacing(shared && paceOf(shared, id))) : pacing(shared);
};

const paceOf = ({ reserve, begin, end }: Pace, installationId: string): Pace => ({
  reserve: (key, limit) => reserve(`${installationId} ${key}`, limit),
  begin: (key) => begin(`${installationId} ${key}`),
  end: (key, gapMs) => end(`${installationId} ${key}`, gapMs),
});

const tokenOf = ({ botToken }: Pick<ClientSettings, 'botToken'>): string | undefined => botToken ?? undefined;

const baseOptions = ({ apiUrl, log }: Omit<ClientSettings, 'botToken'>): WebClientOptions => ({
  ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
  logger: slackLogger(log),
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false,
});

/** How calls keep Slack's limits, for who must know when one may be made, and whether one waits. */
export type Limits = Pick<Pacing, 'ready' | 'hasRoom'> & Pick<Waits, 'isWaiting'>;

export const createInteractiveClient = (settings: SpacedSettings): { client: WebClient; limits: Limits } => {
  const patience = { timeoutMs: INTERACTIVE_TIMEOUT_MS, holdMs: INTERACTIVE_HOLD_MS };
  const { fetch, ready, hasRoom } = pacingOf(settings, patience);
  const client = new WebClient(tokenOf(settings), {
    ...baseOptions(settings),
    fetch,
    retryConfig: { retries: 1, minTimeout: 100, maxTimeout: 300 },
  });
  return { client, limits: { ready, hasRoom, isWaiting: settings.waits.isWaiting } };
};

export const createNotifierClient = (settings: SpacedSettings): WebClient =>
  new WebClient(tokenOf(settings), {
    ...baseOptions(settings),
    // Nobody waits in front of a message: it is none of the waits that people are notified of.
    fetch: pacingOf({ ...settings, waits: createWaits() }, { timeoutMs: NOTIFIER_TIMEOUT_MS, holdMs: NOTIFIER_HOLD_MS })
      .fetch,
    retryConfig: { retries: 0 },
  });

/** For messages that may come late: they leave room for those that people wait for. */
export const createPatientClient = (settings: SpacedSettings): WebClient => {
  const { organisation, pace: shared = null, space, onCall } = settings;
  const call = fetchWithin(NOTIFIER_TIMEOUT_MS, onCall);
  const spare = (pace: Pace | null): FetchFunction => (pace ? createSpareFetch(call, pace, space) : call);
  return new WebClient(tokenOf(settings), {
    ...baseOptions(settings),
    fetch: organisation ? organisation.calls((id) => spare(shared && paceOf(shared, id))) : spare(shared),
    retryConfig: { retries: 0 },
  });
};

/** For `latchkey doctor`: waits as long as Slack asks it to, and notes what Slack's clock showed. */
export const createExaminingClient = (
  settings: ClientSettings,
  onClock: (reading: ClockReading) => void,
): WebClient => {
  const call = fetchWithin(INTERACTIVE_TIMEOUT_MS);
  const timed: FetchFunction = async (url, init) => {
    const sentAtMs = Date.now();
    const answer = await call(url, init);
    const shownMs = Date.parse(answer.headers.get('date') ?? '');
    // HTTP has whole seconds: the middle of that second is nearest.
    if (!Number.isNaN(shownMs)) onClock({ shownMs: shownMs + 500, sentAtMs, receivedAtMs: Date.now() });
    return answer;
  };
  return new WebClient(tokenOf(settings), {
    ...baseOptions(settings),
    rejectRateLimitedCalls: false,
    retryConfig: { retries: 1, minTimeout: 100, maxTimeout: 300 },
    fetch: settings.organisation ? settings.organisation.calls(() => timed) : timed,
  });
};
