/** The text of the policy with what its lists of targets give: what was stored of them, else what they give now. */
import { hasFound, withFound } from '../../config/found-text.ts';
import type { FoundRow } from '../../config/found-text.ts';
import { listPlansIn } from '../../config/list-plans.ts';
import type { ListInput } from '../../config/list-plans.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import type { TargetList } from '../../domain/policy/types.ts';
import { record } from '../../config/record.ts';
import { readList } from './read-list.ts';
import type { ReadList } from './read-list.ts';

/** The last good one of each list; null where none is known of this definition. */
export type StoredRows = (list: string, plan: TargetList) => Promise<FoundRow[] | null>;

export type Completed = { text: string } | { problems: ConfigProblem[] };

const listProblem = (list: string, problem: string): ConfigProblem => ({
  code: 'list_unreadable',
  path: `targets_from.${list}`,
  line: null,
  message: `The list "${list}" ${problem}, and no list from before is known. Correct it, or leave it out.`,
});

const COPY: ConfigProblem = {
  code: 'found_in_file',
  path: '',
  line: null,
  message:
    'This file is a stored copy of a policy: it ends in what targets_from found. Remove the line that begins with "--- # found by targets_from" and all below it.',
};

const patient = new AbortController().signal;

/** For what runs: a list that cannot be read and was never read is in the way. */
export const completePolicy = async (input: ListInput, stored: StoredRows): Promise<Completed> => {
  if (hasFound(input.text)) return { problems: [COPY] };
  const plans = Object.entries(listPlansIn(input));
  if (plans.length === 0) return { text: input.text };
  const read = await Promise.all(
    plans.map(async ([list, plan]): Promise<[string, ReadList]> => {
      const known = await stored(list, plan);
      return [list, known ? { rows: known } : await readList(plan, { signal: patient, env: input.env })];
    }),
  );
  const problems = read.flatMap(([list, one]) => ('problem' in one ? [listProblem(list, one.problem)] : []));
  if (problems.length > 0) return { problems };
  const found = record(read.flatMap(([list, one]) => ('rows' in one ? [[list, one.rows] as const] : [])));
  return { text: withFound(input.text, found) };
};

export type Looked = { text: string; unread: Record<string, string> };

/** For commands: what cannot be read from here is left out, and the rest is checked. A stored copy is taken as it is. */
export const lookAtLists = async (input: ListInput): Promise<Looked> => {
  const plans = Object.entries(listPlansIn(input));
  if (hasFound(input.text) || plans.length === 0) return { text: input.text, unread: {} };
  const read = await Promise.all(
    plans.map(async ([list, plan]): Promise<[string, ReadList]> => [
      list,
      plan.isFilled
        ? await readList(plan, { signal: patient, env: input.env })
        : { problem: 'is not read here, since variables of its settings are not set' },
    ]),
  );
  const found = record(read.flatMap(([list, one]) => ('rows' in one ? [[list, one.rows] as const] : [])));
  const unread = record(read.flatMap(([list, one]) => ('problem' in one ? [[list, one.problem] as const] : [])));
  return { text: withFound(input.text, found), unread };
};
