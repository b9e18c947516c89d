/** What a token says, read without trust: a claim of another type than it should have counts as another value. */

export type Scalar = string | number | boolean;
export type Claims = Readonly<Record<string, unknown>>;

export const claimOf = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

/** Text, or nothing: a number is no text here, as `"17"` and `17` are two values. */
export const textClaim = (claims: Claims, name: string): string => {
  const value = claimOf(claims, name);
  return typeof value === 'string' ? value : '';
};

/** For what is shown and never compared with a client: an id may be a number in it. */
export const looseClaim = (claims: Claims, name: string): string => {
  const value = claimOf(claims, name);
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : textClaim(claims, name);
};

const isRecord = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A part of the claim that is an object, as Kubernetes nests them. */
export const innerClaims = (claims: Claims, ...path: string[]): Claims => {
  let found: unknown = claims;
  for (const name of path) found = isRecord(found) ? claimOf(found, name) : undefined;
  return isRecord(found) ? found : {};
};

const SHOWN_CHARS = 200;

/** Each of its clients is compared with whatever anyone sends for an issuer: a large claim is written out once for all of them. */
const shownOnce = new WeakMap<object, string>();

const beginningOf = (value: unknown): string =>
  (JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN_CHARS) : value) ?? 'nothing').slice(0, SHOWN_CHARS);

/** As it is shown to an operator: JSON, so that `17` and `"17"` differ, and no control characters. */
export const shownClaim = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object' || value === null) return beginningOf(value);
  const shown = shownOnce.get(value) ?? beginningOf(value);
  shownOnce.set(value, shown);
  return shown;
};
