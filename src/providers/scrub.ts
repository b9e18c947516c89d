/** Takes known secrets out of text and errors, so that nothing a target says can carry one into a log, a message or the database. */
import type { Json } from '../domain/json.ts';

const HIDDEN = '[hidden]';
/** Below this a secret is part of ordinary words, and hiding it would only show where it stands. */
const SHORTEST_SECRET = 4;
const SECRET_KEY = /pass|secret|token|key|credential/i;
/** Where it is, which a message about it has to say, and not what it is. */
const PLACE_KEY = /_(?:file|ur[il]|type)$/i;

const stringsIn = (value: Json, key: string): { key: string; text: string }[] => {
  if (typeof value === 'string') return [{ key, text: value }];
  if (Array.isArray(value)) return value.flatMap((item) => stringsIn(item, key));
  if (value === null || typeof value !== 'object') return [];
  // What a program is given by its environment is what it logs in with.
  return Object.entries(value).flatMap(([name, item]) => stringsIn(item, key === 'env' ? 'secret' : name));
};

/** A URL with a password in it: the whole, and the password as written and as meant. */
const secretsOfUrl = (text: string): string[] => {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]*)@/i.exec(text)?.[1];
  if (password === undefined) return [];
  const parts = [text, password];
  if (URL.canParse(text)) parts.push(new URL(text).password);
  if (!/%(?![0-9a-f]{2})/i.test(password)) parts.push(decodeURIComponent(password));
  return parts;
};

/** Every value of a target's configuration that must never be repeated: values under telling keys, and URLs with a password. */
export const secretsIn = (config: Json): string[] => {
  const found = stringsIn(config, '').flatMap(({ key, text }) => [
    ...(SECRET_KEY.test(key) && !PLACE_KEY.test(key) ? [text] : []),
    ...secretsOfUrl(text),
  ]);
  return [...new Set(found)].filter((secret) => secret.length >= SHORTEST_SECRET);
};

export type Scrub = (text: string) => string;

/** Longest first, so that a password inside a URL does not leave the rest of the URL standing. */
export const scrubber = (secrets: readonly string[]): Scrub => {
  const longestFirst = [...secrets].toSorted((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
};

/** The error itself when it holds no secret; else a copy of name, code, message and stack without them. */
export const scrubError = (error: unknown, scrub: Scrub): unknown => {
  if (typeof error === 'string') return scrub(error);
  if (!(error instanceof Error)) return error;
  const cause = scrubError(error.cause, scrub);
  const own = Object.values(error).filter((value) => typeof value === 'string');
  const isClean =
    [error.message, error.stack ?? '', ...own].every((text) => scrub(text) === text) && cause === error.cause;
  if (isClean) return error;
  const copy = new Error(scrub(error.message), cause === undefined ? undefined : { cause });
  copy.name = error.name;
  copy.stack = scrub(error.stack ?? '');
  return 'code' in error && typeof error.code === 'string' ? Object.assign(copy, { code: scrub(error.code) }) : copy;
};
