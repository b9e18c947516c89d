/** How far the log of each server was read, in a form that is stored. */
import { z } from 'zod';

/** `modified`: of the file, as it was last seen. A file that is gone is followed by what was written after that. */
const logPosition = z.object({ file: z.string(), offset: z.number(), modified: z.string() });
export type LogPosition = z.infer<typeof logPosition>;

/** By server, as `host:port/database`. */
export const startsSchema = z.record(z.string(), logPosition);
export type Starts = z.infer<typeof startsSchema>;

/** `sessions`: the last line seen of each. `heads`: lines of connections whose login was not known yet. Both by server and session. */
export const positionSchema = z.object({
  logs: startsSchema,
  sessions: z.record(z.string(), z.number()),
  heads: z.record(z.string(), z.number()),
});
export type Position = z.infer<typeof positionSchema>;
