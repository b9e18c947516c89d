/** How a temporary login is named: found by its grant, readable for an administrator, and never taken for somebody else's. */
import { ProviderError } from '../provider.ts';

const PREFIX = 'lk_';
/** No underscore, so that `lk_<grantId>_` is a prefix of one grant only. */
const GRANT_ID = /^[a-z0-9]{1,40}$/;

/** For LIKE, with `\\` as it escapes by itself. */
export const LIKE_OURS = 'lk\\_%';

export const checkGrantId = (grantId: string): string => {
  if (GRANT_ID.test(grantId)) return grantId;
  throw new ProviderError(
    'misconfigured',
    'A grant id must be 1 to 40 lowercase letters and digits to become part of a login name.',
  );
};

/** `lk_<grantId>_`: every login of this grant starts so, and no other. */
export const prefixOf = (grantId: string): string => `${PREFIX}${checkGrantId(grantId)}_`;

/** ASCII only: a name in another script would be cut in the middle of a character, and is hard to type for a DBA in a hurry. */
export const slugOf = (name: string): string => {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return slug || 'person';
};

/** `lk_<grantId>_<slug of the person's or the client's name>`, so that an administrator sees among the sessions who it is. `max`: of the target, in bytes. */
export const loginNameOf = (grantId: string, holder: string, max: number): string => {
  const prefix = prefixOf(grantId);
  return (
    prefix +
    slugOf(holder)
      .slice(0, max - prefix.length)
      .replace(/_+$/, '')
  );
};

/** The grant that a login of ours is named after, or null where it is not named so. */
export const grantNamedIn = (login: string): string | null => /^lk_([a-z0-9]{1,40})_/.exec(login)?.[1] ?? null;

/** JSON as pure ASCII, so that it fits a comment in any encoding. */
export const escapeNonAscii = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
