/** Search in targets and roles, for lists that are longer than Slack draws. */
import { SELECT_OPTIONS_MAX } from '../../messages/render/limits.ts';
import type { Choice, Search } from '../context.ts';
import { choose, FIELD, targetOfRoleBlock } from './form-state.ts';
import { roleChoices, targetChoices } from './request-form.ts';

/** What is searched of each, made once where the list is. */
const searched = new WeakMap<Choice[], string[]>();

const searchedOf = (choices: Choice[]): string[] => {
  const known = searched.get(choices) ?? choices.map(({ value, text }) => `${value} ${text}`.toLowerCase());
  searched.set(choices, known);
  return known;
};

/** Those that begin with what was typed come first. */
const fitting = (choices: Choice[], query: string): Choice[] => {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = searchedOf(choices);
  const fits = choices.map((_, at) => at).filter((at) => words.every((word) => texts[at]?.includes(word)));
  const isFirst = (at: number): boolean => texts[at]?.startsWith(words[0] ?? '') ?? false;
  return [...fits.filter(isFirst), ...fits.filter((at) => !isFirst(at))]
    .slice(0, SELECT_OPTIONS_MAX)
    .flatMap((at) => choices[at] ?? []);
};

export const targetSearch: Search = {
  actionId: FIELD.targetSearch,
  find: ({ slack, query }) => fitting(targetChoices(slack.policy()), query),
};

export const roleSearch: Search = {
  actionId: FIELD.roleSearch,
  find: ({ slack, query, blockId }) => {
    const { target } = choose(slack.policy(), targetOfRoleBlock(blockId), '');
    return target ? fitting(roleChoices(target), query) : [];
  },
};
