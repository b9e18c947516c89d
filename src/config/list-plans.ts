/** `targets_from`: where each list is read, how often, and which of its fields are used. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { parseDuration } from '../domain/time/durations.ts';
import type { ListSource, TargetList } from '../domain/policy/types.ts';
import type { Json } from '../domain/json.ts';
import { fillConfig } from './fill-config.ts';
import type { Fill } from './fill-config.ts';
import type { FoundRows } from './found-text.ts';
import { rowsText } from './found-text.ts';
import { targetsFrom } from './policy-target-schema.ts';
import type { TargetListShape } from './policy-target-schema.ts';
import { record } from './record.ts';
import { createReport } from './report.ts';
import { fieldsIn } from './row-template.ts';
import type { Variables } from './variable.ts';
import { readYaml } from './yaml-source.ts';

const DEFAULTS = { file: '10s', list: '5m', shrink: '50%' } as const;
/** More often would be a load on what has the list. */
const EVERY_MS_MIN = 1_000;

/** Of `identity` nothing is filled from a row: its `{email}` is the person. */
export const fieldsUsed = ({ name, target: { identity: _identity, ...filled } }: TargetListShape): string[] =>
  [...new Set([...fieldsIn(name), ...fieldsIn(filled)])].toSorted();

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Another one is another list: what was found by the one before says nothing of it. */
const definitionOf = (shape: TargetListShape): string =>
  hashOf(JSON.stringify([shape.file ?? null, shape.list ?? null, fieldsUsed(shape)]));

const sourceOf = (shape: TargetListShape, { file, fill }: { file: string; fill: (config: Json) => Json }): ListSource =>
  shape.list
    ? {
        kind: 'provider',
        provider: shape.list.provider,
        config: fill(shape.list.config ?? {}),
        only: shape.list.only ?? null,
      }
    : { kind: 'file', file: path.resolve(path.dirname(path.resolve(file)), shape.file ?? '') };

type Plan = { file: string; fill: (config: Json) => Json; rows: FoundRows[string] | undefined };

export const planOf = (shape: TargetListShape, { file, fill, rows }: Plan): TargetList => ({
  source: sourceOf(shape, { file, fill }),
  everyMs: Math.max(EVERY_MS_MIN, parseDuration(shape.every ?? DEFAULTS[shape.list ? 'list' : 'file'])),
  shrink: Number.parseInt(shape.shrink ?? DEFAULTS.shrink, 10) / 100,
  fields: fieldsUsed(shape),
  definition: definitionOf(shape),
  sha256: rows === undefined ? null : hashOf(rowsText(rows)),
  rows: rows?.length ?? 0,
});

export type ListInput = { text: string; path: string; env: Variables };

/**
 * Before the policy is loaded, since its rules speak of what the lists give. What is wrong with a list is said by the load, and such a
 * list is none here. `unfilled`: a variable that its settings name is not set.
 */
export const listPlansIn = ({
  text,
  path: file,
  env,
}: ListInput): Record<string, TargetList & { isFilled: boolean }> => {
  if (!/^["']?targets_from\b/m.test(text)) return {};
  const source = readYaml(text);
  if ('problems' in source) return {};
  const root = source.value;
  const section = typeof root === 'object' && root !== null && !Array.isArray(root) ? root['targets_from'] : null;
  const shaped = targetsFrom.safeParse(section);
  if (!shaped.success) return {};
  return record(
    Object.entries(shaped.data).map(([name, shape]) => {
      const fill: Fill = { env, report: createReport(() => null), areVariablesOptional: true, isComplete: true };
      const plan = planOf(shape, { file, fill: (config) => fillConfig(config, [], fill), rows: undefined });
      return [name, { ...plan, isFilled: fill.isComplete }] as const;
    }),
  );
};
