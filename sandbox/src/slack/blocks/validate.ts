/** Reads the tables and says what Slack would say: the problem in its words, and a JSON pointer to it. */
import type { Json } from '../types.ts';
import { isObject } from './rules.ts';
import type { Problem, Rule, Shape, Surface } from './rules.ts';
import { messageBlocks, viewShapes } from './table.ts';

type Where = { surface: Surface; pointer: string };

const at = (where: Where, step: string | number): Where => ({
  ...where,
  pointer: `${where.pointer}/${step}`,
});

const problem = (text: string, where: Where): Problem[] => [{ text, pointer: where.pointer }];

const byLength = (value: string, limits: { min?: number; max?: number }, where: Where): Problem[] => {
  if (limits.max !== undefined && value.length > limits.max) {
    return problem(`must be less than ${limits.max + 1} characters`, where);
  }
  if (limits.min !== undefined && value.length < limits.min) {
    return problem(`must be more than ${limits.min - 1} characters`, where);
  }
  return [];
};

const checkString = (value: unknown, rule: Rule & { is: 'string' }, where: Where): Problem[] => {
  if (typeof value !== 'string') return problem('must be a string', where);
  if (rule.oneOf !== undefined && !rule.oneOf.includes(value)) {
    return problem('must be a valid enum value', where);
  }
  if (rule.pattern !== undefined && !rule.pattern.test(value)) {
    return problem('must match the expected format', where);
  }
  return byLength(value, rule, where);
};

const checkInteger = (value: unknown, rule: Rule & { is: 'integer' }, where: Where): Problem[] => {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return problem('must be an integer', where);
  }
  if (rule.max !== undefined && value > rule.max) {
    return problem(`must be less than or equal to ${rule.max}`, where);
  }
  return rule.min !== undefined && value < rule.min
    ? problem(`must be greater than or equal to ${rule.min}`, where)
    : [];
};

const checkList = (value: unknown, rule: Rule & { is: 'list' }, where: Where): Problem[] => {
  if (!Array.isArray(value)) return problem('must be an array', where);
  if (rule.max !== undefined && value.length > rule.max) {
    return problem(`no more than ${rule.max} items allowed`, where);
  }
  if (rule.min !== undefined && value.length < rule.min) {
    return problem(`no fewer than ${rule.min} items allowed`, where);
  }
  return value.flatMap((item: unknown, index) => checkRule(item, rule.of, at(where, index)));
};

/** Slack puts "failed to match all allowed schemas" on the text object before the real reason. */
const checkText = (value: unknown, rule: Rule & { is: 'text' }, where: Where): Problem[] => {
  const found = textProblems(value, rule, where);
  return found.length === 0 ? [] : [...problem('failed to match all allowed schemas', where), ...found];
};

const textProblems = (value: unknown, rule: Rule & { is: 'text' }, where: Where): Problem[] => {
  if (!isObject(value)) return problem('must provide an object', where);
  const allowed = rule.only === undefined ? ['plain_text', 'mrkdwn'] : [rule.only];
  if (typeof value.type !== 'string' || !allowed.includes(value.type)) {
    return problem('must be a valid enum value', at(where, 'type'));
  }
  if (value.text === undefined) return problem('missing required field: text', where);
  const own = value.type === 'plain_text' ? 'emoji' : 'verbatim';
  const strange = Object.keys(value).filter((key) => !['type', 'text', own].includes(key));
  return [
    ...checkString(value.text, { is: 'string', max: rule.max, min: rule.min ?? 1 }, at(where, 'text')),
    ...strange.flatMap((key) => problem(`invalid additional property: ${key}`, where)),
  ];
};

const checkTyped = (value: unknown, rule: Rule & { is: 'typed' }, where: Where): Problem[] => {
  if (!isObject(value)) return problem('must provide an object', where);
  const shape = typeof value.type === 'string' ? rule.types()[value.type] : undefined;
  const isHere = shape !== undefined && (shape.on === undefined || shape.on.includes(where.surface));
  if (shape === undefined || !isHere) {
    return problem(`unsupported type: ${String(value.type)}`, at(where, 'type'));
  }
  return checkShape(value, shape, where);
};

const checkShape = (value: unknown, shape: Shape, where: Where): Problem[] => {
  if (!isObject(value)) return problem('must provide an object', where);
  const rules = { ...shape.required, ...shape.optional };
  const missing = Object.keys(shape.required ?? {}).filter((key) => value[key] === undefined);
  const strange = Object.keys(value).filter((key) => key !== 'type' && rules[key] === undefined);
  const isLacking = shape.anyOf !== undefined && !shape.anyOf.some((key) => value[key] !== undefined);
  const inner = Object.entries(rules).flatMap(([key, rule]) =>
    value[key] === undefined ? [] : checkRule(value[key], rule, at(where, key)),
  );
  const own = (shape.check?.(value, where.surface) ?? []).map((found) => ({
    text: found.text,
    pointer: where.pointer + found.pointer,
  }));
  return [
    ...missing.flatMap((key) => problem(`missing required field: ${key}`, where)),
    ...(isLacking ? problem(`must define one of: ${shape.anyOf?.join(', ')}`, where) : []),
    ...strange.flatMap((key) => problem(`invalid additional property: ${key}`, where)),
    ...inner,
    ...own,
  ];
};

const checkRule = (value: unknown, rule: Rule, where: Where): Problem[] => {
  switch (rule.is) {
    case 'string':
      return checkString(value, rule, where);
    case 'integer':
      return checkInteger(value, rule, where);
    case 'boolean':
      return typeof value === 'boolean' ? [] : problem('must be a boolean', where);
    case 'list':
      return checkList(value, rule, where);
    case 'text':
      return checkText(value, rule, where);
    case 'object':
      return checkShape(value, rule.shape, where);
    case 'typed':
      return checkTyped(value, rule, where);
    case 'anything':
      return [];
  }
};

const elementsOf = (block: Json): { element: Json; step: string }[] => {
  const many = block.type === 'actions' && Array.isArray(block.elements) ? block.elements : [];
  const found = many.map((element: unknown, index) => ({ element, step: `elements/${index}` }));
  if (block.accessory !== undefined) found.push({ element: block.accessory, step: 'accessory' });
  if (block.element !== undefined) found.push({ element: block.element, step: 'element' });
  return found.filter((one): one is { element: Json; step: string } => isObject(one.element));
};

const repeats = (items: { id: unknown; where: Where }[], name: 'block_id' | 'action_id'): Problem[] => {
  const seen = new Set<unknown>();
  return items.flatMap(({ id, where }) => {
    const isRepeat = id !== undefined && seen.has(id);
    seen.add(id);
    return isRepeat ? problem(`${name} already exists: ${typeof id === 'string' ? id : '?'}`, at(where, name)) : [];
  });
};

/** block_id is unique in a surface, action_id in its block. Only one element may take the focus. */
const checkIds = (blocks: unknown, where: Where): Problem[] => {
  if (!Array.isArray(blocks)) return [];
  const placed = blocks.filter(isObject).map((block, index) => {
    const here = at(where, index);
    const elements = elementsOf(block).map(({ element, step }) => ({
      element,
      id: element.action_id,
      where: at(here, step),
    }));
    return { id: block.block_id, where: here, elements };
  });
  const focused = placed.flatMap((block) => block.elements).filter(({ element }) => element.focus_on_load === true);
  return [
    ...repeats(placed, 'block_id'),
    ...placed.flatMap((block) => repeats(block.elements, 'action_id')),
    ...focused.slice(1).flatMap((one) => problem('only one element may have focus_on_load', one.where)),
  ];
};

/** Slack: all markdown blocks of a message together hold 12,000 characters. */
const checkMarkdownTotal = (blocks: unknown, where: Where): Problem[] => {
  if (!Array.isArray(blocks)) return [];
  const total = blocks
    .filter(isObject)
    .filter((block) => block.type === 'markdown' && typeof block.text === 'string')
    .reduce((sum, block) => sum + String(block.text).length, 0);
  return total > 12_000 ? problem('markdown text must be less than 12001 characters in all', where) : [];
};

const charactersIn = (node: unknown): number => {
  if (Array.isArray(node)) return node.reduce<number>((sum, one) => sum + charactersIn(one), 0);
  if (!isObject(node)) return 0;
  return (typeof node.text === 'string' ? node.text.length : 0) + charactersIn(node.elements);
};

/** Slack: the cells of all tables of a message together hold 10,000 characters. */
const checkTableTotal = (blocks: unknown, where: Where): Problem[] => {
  if (!Array.isArray(blocks)) return [];
  const tables = blocks.filter(isObject).filter(({ type }) => type === 'table');
  const total = tables.reduce((sum, { rows }) => sum + charactersIn(Array.isArray(rows) ? rows.flat() : []), 0);
  return total > 10_000 ? problem('table cells must be less than 10001 characters in all', where) : [];
};

/** Every problem of a message's blocks, wherever in the message they stand. */
export const checkBlocksAt = (blocks: unknown, pointer: string): Problem[] => {
  const where: Where = { surface: 'message', pointer };
  return [
    ...checkRule(blocks, messageBlocks, where),
    ...checkIds(blocks, where),
    ...checkMarkdownTotal(blocks, where),
    ...checkTableTotal(blocks, where),
  ];
};

/** Every problem of a message's blocks, pointers starting at `/blocks`. */
export const checkMessageBlocks = (blocks: unknown): Problem[] => checkBlocksAt(blocks, '/blocks');

/** Every problem of a view, pointers starting at `/view`. */
export const checkView = (view: unknown): Problem[] => {
  const where: Where = { surface: 'modal', pointer: '/view' };
  if (!isObject(view)) return problem('must provide an object', where);
  const shape = viewShapes[String(view.type)];
  if (shape === undefined) return problem(`unsupported type: ${String(view.type)}`, at(where, 'type'));
  const here: Where = { surface: view.type === 'home' ? 'home' : 'modal', pointer: '/view' };
  return [...checkShape(view, shape, here), ...checkIds(view.blocks, at(here, 'blocks'))];
};

export const inSlacksWords = (found: Problem[]): string[] =>
  found.map((one) => `${one.text} [json-pointer:${one.pointer}]`);

/** The options an app answered to a block_suggestion; pointers start at the answer. */
export const checkRuleAt = (value: unknown, rule: Rule, pointer = ''): Problem[] =>
  checkRule(value, rule, { surface: 'message', pointer });
