/** Search in targets and roles, for lists that are longer than Slack draws. */
import { SELECT_OPTIONS_MAX } from '../../messages/render/limits.ts';
import type { Choice, Search } from '../context.ts';
import { choose, FIELD, targetOfRoleBlock } from './form-state.ts';
import { roleChoices, targetChoices } from './request-form.ts';

const fitting = (choices: Choice[], query: string): Choice[] => {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = ({ value, text }: Choice): number => {
    const all = `${value} ${text}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) return -1;
    return all.startsWith(words[0] ?? '') ? 0 : 1;
  };
  return choices
    .map((choice) => ({ choice, place: rank(choice) }))
    .filter(({ place }) => place >= 0)
    .sort((a, b) => a.place - b.place)
    .slice(0, SELECT_OPTIONS_MAX)
    .map(({ choice }) => choice);
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
