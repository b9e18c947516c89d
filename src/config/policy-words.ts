/** The words that all parts of the shape of `latchkey.yml` share: names, durations, people, channels, lists. */
import { z } from 'zod';
import { CHANNEL } from './policy-values.ts';

export const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const PERSON = /^(?:[^\s@]+@[^\s@]+|[UW][A-Z0-9]{4,})$/;

export const text = (max: number, what: string): z.ZodString =>
  z
    .string(`must be text, ${what}`)
    .min(1, `is empty; write ${what} or leave it out`)
    .max(max, `is longer than ${max} characters`);
export const name = z
  .string('must be a name')
  .regex(NAME, 'must be lower-case letters, digits, ".", "_" and "-", at most 63, starting with a letter or digit');
export const person = z
  .string('must be an email or a Slack user id')
  .regex(PERSON, 'must be an email or a Slack user id (U…)');
export const reference = text(200, 'a group, an email or a Slack id');
export const pattern = text(200, 'a name or a pattern with *').regex(
  /^[^\s[\]{}()!]+$/,
  'may hold * and ? as wildcards; spaces, brackets and ! are not known in patterns',
);
export const channel = z
  .string('must be a channel')
  .regex(CHANNEL, 'must be a channel as "#name" (in quotes) or its id (C…)');

/** Of the workspaces of an organisation. */
export const channels = z.union(
  [
    channel,
    z
      .record(z.string().regex(/^T[A-Z0-9]{2,}$/, 'must be the id of a workspace (T…)'), channel)
      .refine((each) => Object.keys(each).length > 0, 'is empty; name a channel or leave the key out')
      .meta({ minProperties: 1 }),
  ],
  'must be a channel as "#name" (in quotes) or its id (C…), or one for each workspace, as { T123: "#a", T456: "#b" }',
);

export const someOf = <Item extends z.ZodType>(item: Item, what: string, max = 1000): z.ZodArray<Item> =>
  z
    .array(item, `must be a list of ${what}, as [a, b]`)
    .min(1, `is empty, and an empty list is nobody; name ${what} or leave the key out`)
    .max(max, `has more than ${max} entries`);
