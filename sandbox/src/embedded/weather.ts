/** What may befall any call to a stand-in over HTTP: the connection is cut, before or after the call had its effect, and calls are limited. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Weather = {
  /** From this call on, counted from 1, each is cut; null: none. */
  cutFrom: number | null;
  /** The call has its effect, and its answer is lost. */
  isCutAfter: boolean;
  /** So many calls, and then none for such a time. */
  limit: { calls: number; perMs: number } | null;
  calls: number;
  refused: number;
  window: { endsAt: number; calls: number };
};

export const fairWeather = (): Weather => ({
  cutFrom: null,
  isCutAfter: false,
  limit: null,
  calls: 0,
  refused: 0,
  window: { endsAt: 0, calls: 0 },
});

/** How long the caller has to wait; null where the call may pass. */
const waitMs = (weather: Weather): number | null => {
  const { limit } = weather;
  if (!limit) return null;
  const now = Date.now();
  if (weather.window.endsAt !== 0 && now >= weather.window.endsAt) weather.window = { endsAt: 0, calls: 0 };
  const { window } = weather;
  window.calls += 1;
  if (window.calls <= limit.calls) return null;
  if (window.endsAt === 0) window.endsAt = now + limit.perMs;
  return window.endsAt - now;
};

/** True where the weather has answered. `refuse` is given the wait in ms. */
export const befell = (
  weather: Weather,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  refuse: (waitsMs: number) => void,
): boolean => {
  weather.calls += 1;
  const isCut = weather.cutFrom !== null && weather.calls >= weather.cutFrom;
  if (isCut && weather.isCutAfter) {
    // Whatever is written from here on reaches nobody.
    response.writeHead = (): ServerResponse => response;
    response.end = ((): ServerResponse => {
      request.socket.destroy();
      return response;
    }) as ServerResponse['end'];
    return false;
  }
  if (isCut) {
    request.socket.destroy();
    return true;
  }
  const waitsMs = waitMs(weather);
  if (waitsMs === null) return false;
  weather.refused += 1;
  refuse(waitsMs);
  return true;
};
