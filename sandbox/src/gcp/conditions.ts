/** The few conditions that the stand-in can evaluate; it refuses to store any other. */
import type { Binding, Condition } from './state.ts';

const UNTIL = /^request\.time < timestamp\("(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"\)$/;
const LIMITED = /^api\.getAttribute\("iam\.googleapis\.com\/modifiedGrantsByRole", \[\]\)\.hasOnly\(\[([^\]]*)\]\)$/;
const NAMES_MAX = 10;

const namesIn = (expression: string): string[] | null => {
  const inner = LIMITED.exec(expression)?.[1];
  return inner === undefined ? null : inner.split(',').map((one) => one.trim().replaceAll('"', ''));
};

export const conditionProblem = ({ title = '', description = '', expression = '' }: Condition): string | null => {
  if (title === '' || title.length > 100) return 'The title of a condition must have 1 to 100 characters.';
  if (description.length > 256) return 'The description of a condition is too long.';
  const names = namesIn(expression);
  if (names) return names.length > NAMES_MAX ? 'hasOnly takes at most 10 values.' : null;
  if (expression === 'true') return null;
  return Number.isNaN(Date.parse(UNTIL.exec(expression)?.[1] ?? ''))
    ? 'Error: expression of the condition is invalid.'
    : null;
};

/** `modified`: the roles of bindings that a write changes; none for anything else. */
export const holds = ({ condition }: Binding, nowMs: number, modified: readonly string[] = []): boolean => {
  if (!condition) return true;
  const { expression = '' } = condition;
  const names = namesIn(expression);
  if (names) return modified.every((role) => names.includes(role));
  return expression === 'true' || nowMs < Date.parse(UNTIL.exec(expression)?.[1] ?? '');
};
