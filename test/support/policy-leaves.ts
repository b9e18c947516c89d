/** Every place of the policy's schema that takes text of one's own, as a path: `targets.*.owners[]`; `targets.{}` is the key. */
import { z } from 'zod';
import { policyDocument } from '../../src/config/policy-schema.ts';

const leavesOf = (schema: z.core.$ZodType, path: string): string[] => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return leavesOf(schema.unwrap(), path);
  if (schema instanceof z.ZodObject)
    return Object.entries<z.core.$ZodType>(schema.shape).flatMap(([key, inner]) =>
      leavesOf(inner, path === '' ? key : `${path}.${key}`),
    );
  // A key may name somebody as well as a value.
  if (schema instanceof z.ZodRecord)
    return [...leavesOf(schema.keyType, `${path}.{}`), ...leavesOf(schema.valueType, `${path}.*`)];
  if (schema instanceof z.ZodArray) return leavesOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => leavesOf(option, path));
  // Text that may only be one of a few words names nothing.
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) return [];
  return schema instanceof z.ZodNumber || schema instanceof z.ZodBoolean ? [] : [path];
};

export const POLICY_LEAVES: readonly string[] = [...new Set(leavesOf(policyDocument, ''))].toSorted();
