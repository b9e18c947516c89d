/** Whether a value is as a schema says. Each event is checked twice, so schemas are compiled; when first needed, since all at once would lengthen the start. */
import { z } from 'zod';

const compiled = new WeakMap<z.ZodType, z.ZodType>();

export const fits = (schema: z.ZodType, value: unknown): boolean => {
  let fast = compiled.get(schema);
  if (!fast) {
    fast = z.compile(schema);
    compiled.set(schema, fast);
  }
  return fast.validate(value);
};
