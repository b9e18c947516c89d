/** How far the log of each server was read, in a form that is stored. */
import { z } from 'zod';

const count = z.object({ text: z.number(), executed: z.number(), startedMs: z.number() });

/**
 * `lines`: how many of the login were read, in the order of the table; an older version did not note that. `at`: what the last of them has as its
 * time, null where none was read. `from`: what the server had counted where the record begins, null where it does not count. `logged`: the most
 * that it can have counted of the lines read since. `missed`: what was said to be missing.
 */
const logPosition = z.object({
  at: z.string().nullable(),
  lines: z.number().optional(),
  from: count.nullable(),
  logged: z.object({ text: z.number(), executed: z.number() }),
  missed: z.number(),
});
export type LogPosition = z.infer<typeof logPosition>;

/** By server, as `host:port`. */
export const startsSchema = z.record(z.string(), logPosition);
export type Starts = z.infer<typeof startsSchema>;

/** `sessions`: how many lines of each were read, by server and session. */
export const positionSchema = z.object({ logs: startsSchema, sessions: z.record(z.string(), z.number()) });
export type Position = z.infer<typeof positionSchema>;
