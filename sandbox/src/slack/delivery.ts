/** Brings commands, interactions and events to the app, by HTTP or Socket Mode, with Slack's retries. */
import { deliverByHttp } from './delivery-http.ts';
import type { SocketHub } from './delivery-socket.ts';
import type { FaultState } from './faults.ts';
import { remember } from './state.ts';
import type { State } from './state.ts';
import type { DeliveryRecord, Json } from './types.ts';

export type Envelope = {
  kind: DeliveryRecord['kind'];
  payload: Json;
  retryNum: number;
  retryReason?: string;
};

export type Ack =
  | { ok: true; body: unknown }
  | {
      ok: false;
      /** What the person sees. */
      error: 'operation_timeout' | 'dispatch_failed';
      /** What a retry says about the attempt before. */
      reason: string;
      isFinal: boolean;
    };

export type Delivery = {
  /** HTTP mode from now on, or Socket Mode when undefined. */
  setRequestUrl: (url: string | undefined) => void;
  command: (payload: Json) => Promise<Ack>;
  interact: (payload: Json) => Promise<Ack>;
  event: (payload: Json) => void;
  /** Slack's check of a new request URL: true when the challenge came back. */
  verifyRequestUrl: () => Promise<boolean>;
  close: () => void;
};

type Wiring = {
  state: State;
  hub: SocketHub;
  faults: FaultState;
  requestUrl: string | undefined;
  timers: Set<NodeJS.Timeout>;
  held: Json[];
  isClosed: boolean;
};

const transport = (wiring: Wiring, envelope: Envelope): Promise<Ack> =>
  wiring.requestUrl === undefined
    ? wiring.hub.send(envelope)
    : deliverByHttp(wiring.state, wiring.requestUrl, envelope);

const attempt = async (wiring: Wiring, envelope: Envelope): Promise<Ack> => {
  const ack = await transport(wiring, envelope);
  const delivery: DeliveryRecord = {
    kind: envelope.kind,
    payload: envelope.payload,
    retryNum: envelope.retryNum,
    outcome: ack.ok ? 'acked' : 'failed',
    ...(ack.ok ? {} : { error: ack.reason }),
    at: wiring.state.now(),
  };
  remember(wiring.state.deliveries, delivery);
  wiring.state.emit({ type: 'delivery', delivery });
  return ack;
};

/** Only a listener of the stream can fail here, and its author must hear of it. */
const report = (error: unknown): void => {
  process.emitWarning(error instanceof Error ? error : String(error));
};

const later = (wiring: Wiring, ms: number, act: () => Promise<void>): void => {
  if (wiring.isClosed) return;
  if (ms <= 0) {
    act().catch(report);
    return;
  }
  const timer = setTimeout(() => {
    wiring.timers.delete(timer);
    act().catch(report);
  }, ms);
  timer.unref();
  wiring.timers.add(timer);
};

const onTheWay = { ok: false, error: 'operation_timeout', reason: 'http_timeout', isFinal: false } as const;

const isFailing = ({ faults: { events } }: Wiring, retryNum: number): boolean => {
  if (retryNum > 0 || events.failing === 0) return false;
  events.failing -= 1;
  return true;
};

/** Slack: docs.slack.dev/apis/events-api#retries */
const sendEvent = async (wiring: Wiring, payload: Json, retry: { num: number; reason?: string }): Promise<void> => {
  const ack = isFailing(wiring, retry.num)
    ? onTheWay
    : await attempt(wiring, {
        kind: 'events_api',
        payload,
        retryNum: retry.num,
        ...(retry.reason === undefined ? {} : { retryReason: retry.reason }),
      });
  const delayMs = wiring.state.timing.eventRetryDelaysMs[retry.num];
  if (ack.ok || ack.isFinal || delayMs === undefined) return;
  later(wiring, delayMs, () => sendEvent(wiring, payload, { num: retry.num + 1, reason: ack.reason }));
};

const release = (wiring: Wiring, payload: Json): void => {
  const { events } = wiring.faults;
  const copies = events.duplicates > 0 ? events.copies : 1;
  if (events.duplicates > 0) events.duplicates -= 1;
  for (let copy = 0; copy < copies; copy += 1) {
    later(wiring, events.delayMs, () => sendEvent(wiring, payload, { num: 0 }));
  }
};

const takeEvent = (wiring: Wiring, payload: Json): void => {
  const { events } = wiring.faults;
  if (events.lost > 0) {
    events.lost -= 1;
    return;
  }
  if (events.reorder === 0) {
    release(wiring, payload);
    return;
  }
  wiring.held.push(payload);
  if (wiring.held.length < events.reorder) return;
  events.reorder = 0;
  for (const held of wiring.held.splice(0).reverse()) release(wiring, held);
};

const verify = async (wiring: Wiring): Promise<boolean> => {
  const challenge = wiring.state.nextId('challenge');
  const ack = await transport(wiring, {
    kind: 'events_api',
    payload: { type: 'url_verification', token: 'local', challenge },
    retryNum: 0,
  });
  return ack.ok && (ack.body as { challenge?: string } | undefined)?.challenge === challenge;
};

const notInteractive: Ack = {
  ok: false,
  error: 'dispatch_failed',
  reason: 'interactivity_disabled',
  isFinal: true,
};

export const createDelivery = (
  state: State,
  parts: { hub: SocketHub; faults: FaultState; requestUrl: string | undefined },
): Delivery => {
  const wiring: Wiring = { state, ...parts, timers: new Set(), held: [], isClosed: false };
  return {
    setRequestUrl: (url) => {
      wiring.requestUrl = url;
    },
    command: (payload) => attempt(wiring, { kind: 'slash_commands', payload, retryNum: 0 }),
    // An app whose manifest does not switch interactivity on never hears of a click.
    interact: (payload) =>
      state.app.isInteractive
        ? attempt(wiring, { kind: 'interactive', payload, retryNum: 0 })
        : Promise.resolve(notInteractive),
    event: (payload) => takeEvent(wiring, payload),
    verifyRequestUrl: () => verify(wiring),
    close: () => {
      wiring.isClosed = true;
      for (const timer of wiring.timers) clearTimeout(timer);
      wiring.timers.clear();
    },
  };
};
