/** Advice with the difference of the policy file that would follow it, and what that policy would have decided. Changes nothing. */
import { DomainError } from '../../domain/errors.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong } from '../identity/named-among.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps } from '../deps.ts';
import type { AllAdvice } from './all-advice.ts';

/** `diff` and `replay` are null where no advice changes the file. */
export type MadeAdvice = AllAdvice & { diff: string | null; replay: string | null };
export type MakeAdvice = () => Promise<MadeAdvice>;

const NOTHING_CHANGED = 'Nothing was changed.';

export const adviceLines = ({ advice, insufficient, days }: AllAdvice): string[] => [
  `The last ${days} days:`,
  ...(advice.length === 0 ? ['No advice.'] : advice.map(({ target, role, text }) => `${target}/${role}: ${text}`)),
  ...insufficient.map(({ role, data }) => `${role}: ${data}`),
];

export const adviceText = (made: MadeAdvice): string => {
  const change = made.diff === null ? [] : ['', made.diff.trimEnd(), '', made.replay ?? '', '', NOTHING_CHANGED];
  return [...adviceLines(made), ...change].join('\n');
};

type File = { name: string; content: string };

/** As files for a person who edits the policy: what is advised and why, and the difference alone, as `patch` takes it. */
export const adviceFiles = (made: MadeAdvice, title: string): File[] => [
  { name: `advice-${title}.txt`, content: `${adviceText(made)}\n` },
  ...(made.diff === null ? [] : [{ name: `advice-${title}.diff`, content: made.diff }]),
];

/** For admins: they edit the policy. */
export const adviceFor = async (
  deps: Deps,
  { caller: { person } }: { caller: PersonCaller },
  makeAdvice: MakeAdvice,
): Promise<MadeAdvice> => {
  const policy = deps.policy();
  if (!(await isAmong(deps, { policy, person, refs: policy.admins, freshness: 'fresh' })))
    return refuse(deps, { type: 'advice.refused', person }, new DomainError('admins_only', { admins: policy.admins }));
  return makeAdvice();
};
