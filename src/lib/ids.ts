/** Ids that people can read aloud: 12 of Crockford's base 32 letters, 60 random bits, no i, l, o or u. */
import { randomBytes } from 'node:crypto';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

export const newId = (): string => Array.from(randomBytes(12), (byte) => LETTERS[byte & 31]).join('');
