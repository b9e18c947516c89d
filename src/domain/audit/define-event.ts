/** How an event of the audit log is described: when it is written, what it is about, and each field as a schema, in one of two parts. */
import { z } from 'zod';

export type Shape = Record<string, z.ZodType>;

/** Which ids an event carries. `grant`: both; `request`: the request's, and the grant's where there is one; `either`: what is known. */
export type About = 'request' | 'grant' | 'either' | 'none';

export type Subject = {
  request: { requestId: string; grantId: string | null };
  grant: { requestId: string; grantId: string };
  either: { requestId: string | null; grantId: string | null };
  none: { requestId: null; grantId: null };
};

type Description<A extends About, Open extends Shape, Personal extends Shape> = {
  about: A;
  /** One sentence. */
  when: string;
  /** Ids, times, codes, roles and hashes: anyone may read them. */
  open: Open;
  /** Names, addresses, ids of people, and free text. */
  personal: Personal;
};

export const defineEvent = <A extends About, Open extends Shape, Personal extends Shape>(
  description: Description<A, Open, Personal>,
) => ({ ...description, data: z.strictObject({ ...description.open, ...description.personal }) });

export const id = z.string().min(1);
export const ids = z.array(z.string());
/** ISO in UTC. */
export const at = z.iso.datetime();
export const ms = z.number();
export const count = z.int();
export const flag = z.boolean();
export const code = z.string();
export const sha256 = z.string();
export const text = z.string();
/** The id of a person: it holds the Slack id, so it is personal. */
export const personId = z.string().min(1);

/** Every refusal has them: the error's code, and how many this person had in this hour once they are many. */
export const defineRefusal = <Open extends Shape, Personal extends Shape>(
  when: string,
  { open, personal }: { open: Open; personal: Personal },
) =>
  defineEvent({
    about: 'either',
    when,
    open: { code: code.optional(), refusalsThisHour: count.optional(), ...open },
    personal,
  });

/** A failure of a target: its kind is a code, its message may name a login. */
export const FAILURE = {
  open: { kind: code, attempts: count, waitMs: ms },
  personal: { message: text },
};
