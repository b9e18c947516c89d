/** What stand-ins of on-call services share: a clock, schedules that rotate, a limit, outages, and real HTTP. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Override = { user: string; from: Date; until: Date };
/** Users take turns of `turnMs`, the first from `from` on. */
export type Rotation = { users: string[]; from: Date; turnMs: number; overrides: Override[] };
export type Fault = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'drop';
export type Answer = { status: number; body: Json; headers?: Record<string, string | number> };
export type Turn = { user: string; from: Date; until: Date };

export const turnAt = ({ users, from, turnMs, overrides }: Rotation, now: Date): Turn | null => {
  const override = overrides.find((one) => one.from <= now && now < one.until);
  if (override) return override;
  const turn = Math.floor((now.getTime() - from.getTime()) / turnMs);
  const user = turn < 0 ? undefined : users[turn % users.length];
  if (user === undefined) return null;
  const start = from.getTime() + turn * turnMs;
  return { user, from: new Date(start), until: new Date(start + turnMs) };
};

export type OnCallServer = {
  apiUrl: string;
  setClock(now: Date): void;
  /** Requests in one minute before 429. */
  limitTo(requests: number): void;
  /** What the next `times` requests get instead of an answer. */
  fail(fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Paths with their queries, in order. */
  requests: string[];
  close(): Promise<void>;
};

export type Asked = { request: IncomingMessage; now: Date; limit: number; left: number; isOver: boolean };

export const DAY_MS = 86_400_000;
export const MONDAY = new Date('2026-11-02T08:00:00Z');
export const hoursLater = (hours: number): Date => new Date(MONDAY.getTime() + hours * 3_600_000);

export const startOnCallServer = async (limit: number, answer: (asked: Asked) => Answer): Promise<OnCallServer> => {
  const state = { now: MONDAY, limit, used: 0, faults: [] as Fault[] };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const fault = state.faults.shift();
    if (fault === 'hang') return;
    if (fault === 'drop') return void request.socket.destroy();
    if (fault) return void response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
    state.used += 1;
    const left = Math.max(0, state.limit - state.used);
    const isOver = state.used > state.limit;
    const { status, body, headers } = answer({ request, now: state.now, limit: state.limit, left, isOver });
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setClock: (now) => void Object.assign(state, { now }),
    limitTo: (count) => void Object.assign(state, { used: 0, limit: count }),
    fail: (fault, times = 1) => void state.faults.push(...Array.from({ length: times }, () => fault)),
    clearFaults: () => void Object.assign(state, { faults: [], used: 0, limit }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
