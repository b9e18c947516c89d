/** Addresses of the messages of requests in Slack: Slack is called once for each, and however many jobs poll, at most once a minute again where it gave none. */

type Place = { channel: string; ts: string };

export type LinkParts = {
  /** Where the message stands; null before it was posted. */
  placeOf(requestId: string): Promise<Place | null>;
  /** Asks Slack; null where it gives none. */
  linkTo(place: Place): Promise<string | null>;
  now?: () => number;
};

const KEPT_MAX = 10_000;
const AGAIN_MS = 60_000;

type Kept = { url: Promise<string | null>; at: number };

export const createMessageLinks = ({ placeOf, linkTo, now = () => performance.now() }: LinkParts) => {
  const kept = new Map<string, Kept>();
  const keep = (key: string, place: Place): Promise<string | null> => {
    const one: Kept = { url: linkTo(place), at: now() };
    const [oldest] = kept.keys();
    if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    kept.set(key, one);
    return one.url;
  };
  return async (requestId: string): Promise<string | null> => {
    const known = kept.get(requestId);
    const url = known ? await known.url : null;
    if (known && (url !== null || now() - known.at < AGAIN_MS)) return url;
    const place = await placeOf(requestId);
    return place && keep(requestId, place);
  };
};
