/**
 * What of an open part may be in a text that a redacted bundle shows. A field may be open and its value name a person after all:
 * a rule is called after its approver, a requirement is an address, voters are Slack ids.
 */
import type { Json } from '../json.ts';

const MAIL = /@/;
const ACCOUNT_ID = /^(?:[A-Z0-9]+:)?[UW][A-Z0-9]+$/;
const ACCOUNT_ID_IN_TEXT = /\b[UW](?=[A-Z0-9]*\d)[A-Z0-9]{4,}\b/;

/** Most texts are hashes, ids and codes in small letters, which have none of these. */
const MAY_NAME = /[@UW]/;

const namesPerson = (text: string): boolean =>
  MAY_NAME.test(text) && (MAIL.test(text) || ACCOUNT_ID.test(text) || ACCOUNT_ID_IN_TEXT.test(text));

/** undefined where nothing is left. */
const partOf = (value: Json): Json | undefined => {
  if (typeof value === 'string') return namesPerson(value) ? undefined : value;
  if (Array.isArray(value)) {
    const parts = value.flatMap((item) => partOf(item) ?? []);
    return parts.length === 0 && value.length > 0 ? undefined : parts;
  }
  if (value === null || typeof value !== 'object') return value;
  const fields = withoutPeople(value);
  return Object.keys(fields).length === 0 ? undefined : fields;
};

export const withoutPeople = (data: { [key: string]: Json }): { [key: string]: Json } => {
  const left: { [key: string]: Json } = {};
  for (const key of Object.keys(data)) {
    const part = partOf(data[key] ?? null);
    if (part !== undefined) left[key] = part;
  }
  return left;
};
