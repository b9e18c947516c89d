/** The small language in which the Block Kit tables are written, and nothing about any one block. */
import type { Json } from '../types.ts';

export type Surface = 'message' | 'modal' | 'home';

/** `text` is the problem in Slack's words, `pointer` where it is, from the value that was checked. */
export type Problem = { text: string; pointer: string };

export type Rule =
  | { is: 'string'; max?: number; min?: number; oneOf?: readonly string[]; pattern?: RegExp }
  | { is: 'integer'; min?: number; max?: number }
  | { is: 'boolean' }
  | { is: 'list'; of: Rule; max?: number; min?: number }
  | { is: 'text'; max: number; min?: number; only?: 'plain_text' | 'mrkdwn' }
  | { is: 'object'; shape: Shape }
  | { is: 'typed'; types: () => Record<string, Shape> }
  | { is: 'anything' };

export type Check = (node: Json, surface: Surface) => Problem[];

export type Shape = {
  required?: Record<string, Rule>;
  optional?: Record<string, Rule>;
  /** At least one of these must be there. */
  anyOf?: readonly string[];
  /** Surfaces where it may stand; everywhere when absent. */
  on?: readonly Surface[];
  check?: Check;
};

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const string = (max: number, min = 1): Rule => ({ is: 'string', max, min });
export const oneOf = (...values: string[]): Rule => ({ is: 'string', oneOf: values });
export const matching = (pattern: RegExp): Rule => ({ is: 'string', pattern });
export const integer = (min?: number, max?: number): Rule => ({
  is: 'integer',
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
export const boolean: Rule = { is: 'boolean' };
export const anything: Rule = { is: 'anything' };
export const list = (of: Rule, max: number, min = 1): Rule => ({ is: 'list', of, max, min });
export const plainText = (max: number): Rule => ({ is: 'text', max, only: 'plain_text' });
export const anyText = (max: number): Rule => ({ is: 'text', max });
export const object = (shape: Shape): Rule => ({ is: 'object', shape });
