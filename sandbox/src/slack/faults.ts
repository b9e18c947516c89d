/** What goes wrong on demand: an outage, a limit, a lost answer, a doubled or late event. */
import type { State } from './state.ts';
import { createMeter } from './tiers.ts';
import type { Meter } from './tiers.ts';

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled';

type Effect =
  | { is: 'ratelimit'; retryAfterS: number }
  | { is: 'delay'; ms: number }
  | { is: 'fail'; error: string }
  | { is: 'status'; status: number }
  | { is: 'dropResponse' };

type Planned = { method: string; effect: Effect; times: number };

/** How events are mistreated. `reorder` holds that many and lets them go last first; `failing` fail at first and are sent again. */
export type EventFaults = {
  duplicates: number;
  copies: number;
  delayMs: number;
  reorder: number;
  lost: number;
  failing: number;
};

export type Outage = 'refused' | 500 | 503;

/** What a Slack far away does to every call. */
export type Reality = {
  /** Milliseconds from the call to its answer. */
  latencyMs: number;
  /** Slack's documented tiers, with 429 and `Retry-After`. */
  hasTiers: boolean;
};

export type Faults = {
  /** As far away and as strict as Slack itself, until `clear()`: 120 ms for each call, and its documented tiers, unless said otherwise. */
  beReal: (reality?: Partial<Reality>) => void;
  /** No answers: `refused` closes the port and every connection, a number answers with that status. */
  down: (how?: Outage) => Promise<void>;
  up: () => Promise<void>;
  /** HTTP 429 with Retry-After. `method` may be `*`. */
  ratelimit: (method: string, retryAfterS: number, times?: number) => void;
  /** The work is done this much later; until `clear()`. */
  delay: (method: string, ms: number) => void;
  fail: (method: string, error: string, times?: number) => void;
  /** HTTP `status` instead of an answer, as when Slack itself is in trouble; the work is not done. */
  failHttp: (method: string, status: number, times?: number) => void;
  /** The work is done, then the connection is cut before the answer. */
  dropResponse: (method: string, times?: number) => void;
  revokeBotToken: () => void;
  /** The next `count` events come twice, or `copies` times. */
  duplicateEvents: (count: number, copies?: number) => void;
  /** Events come this much later; until `clear()`. */
  delayEvents: (ms: number) => void;
  /** The next `count` events never come; all of them, as where the app's events are switched off, when left out. Until `clear()`. */
  loseEvents: (count?: number) => void;
  /** The next `count` events fail on the way, and Slack sends them again later. */
  failEvents: (count: number) => void;
  /** The next `count` events are held, then delivered last first. */
  reorderEvents: (count: number) => void;
  /** Cuts Socket Mode connections without a word: all of them, or the `count` that would take the next payloads. */
  dropSockets: (count?: number) => void;
  /** Says goodbye as Slack does, and closes after the grace time; to all connections, or to so many. */
  disconnectSockets: (reason?: DisconnectReason, count?: number) => void;
  clear: () => void;
};

export type FaultState = {
  outage: Outage | undefined;
  planned: Planned[];
  events: EventFaults;
  latencyMs: number;
  /** Null where no tier is enforced. */
  meter: Meter | null;
};

/** Measured from Europe. */
const REAL_LATENCY_MS = 120;

const noEventFaults = (): EventFaults => ({
  duplicates: 0,
  copies: 2,
  delayMs: 0,
  reorder: 0,
  lost: 0,
  failing: 0,
});

export const createFaultState = (): FaultState => ({
  outage: undefined,
  planned: [],
  events: noEventFaults(),
  latencyMs: 0,
  meter: null,
});

/** The effects waiting for this call; each is counted down by being taken. */
export const takeEffects = (faults: FaultState, method: string): Effect[] => {
  const due = faults.planned.filter((one) => one.method === '*' || one.method === method);
  for (const one of due) one.times -= 1;
  faults.planned = faults.planned.filter((one) => one.times > 0);
  return due.map((one) => one.effect);
};

export type FaultPowers = {
  state: State;
  faults: FaultState;
  pauseServer: () => Promise<void>;
  resumeServer: () => Promise<void>;
  dropSockets: (count?: number) => void;
  disconnectSockets: (reason: DisconnectReason, count?: number) => void;
};

const outages = (powers: FaultPowers): Pick<Faults, 'down' | 'up'> => ({
  down: async (how = 'refused') => {
    powers.faults.outage = how;
    powers.dropSockets();
    if (how === 'refused') await powers.pauseServer();
  },
  up: async () => {
    const { outage } = powers.faults;
    powers.faults.outage = undefined;
    if (outage === 'refused') await powers.resumeServer();
  },
});

type EventPowers = 'duplicateEvents' | 'delayEvents' | 'loseEvents' | 'failEvents' | 'reorderEvents';

const eventFaults = (faults: FaultState): Pick<Faults, EventPowers> => ({
  duplicateEvents: (count, copies = 2) => {
    faults.events.duplicates += count;
    faults.events.copies = copies;
  },
  delayEvents: (ms) => {
    faults.events.delayMs = ms;
  },
  loseEvents: (count = Number.POSITIVE_INFINITY) => {
    faults.events.lost = count;
  },
  failEvents: (count) => {
    faults.events.failing += count;
  },
  reorderEvents: (count) => {
    faults.events.reorder = count;
  },
});

export const createFaults = (powers: FaultPowers): Faults => {
  const { state, faults } = powers;
  const plan = (method: string, effect: Effect, times: number): void => {
    faults.planned.push({ method, effect, times });
  };
  return {
    ...outages(powers),
    beReal: ({ latencyMs = REAL_LATENCY_MS, hasTiers = true } = {}) => {
      faults.latencyMs = latencyMs;
      faults.meter = hasTiers ? createMeter() : null;
    },
    ratelimit: (method, retryAfterS, times = 1) => plan(method, { is: 'ratelimit', retryAfterS }, times),
    delay: (method, ms) => plan(method, { is: 'delay', ms }, Number.POSITIVE_INFINITY),
    fail: (method, error, times = 1) => plan(method, { is: 'fail', error }, times),
    failHttp: (method, status, times = 1) => plan(method, { is: 'status', status }, times),
    dropResponse: (method, times = 1) => plan(method, { is: 'dropResponse' }, times),
    revokeBotToken: () => {
      state.app.isRevoked = true;
      state.emit({ type: 'token_revoked' });
    },
    ...eventFaults(faults),
    dropSockets: powers.dropSockets,
    disconnectSockets: (reason = 'refresh_requested', count) => powers.disconnectSockets(reason, count),
    clear: () => {
      faults.planned = [];
      faults.events = noEventFaults();
      faults.latencyMs = 0;
      faults.meter = null;
    },
  };
};
