/** Checks that rules and the sections `windows` and `freezes` know each other's names. */
import type { Rule } from '../domain/policy/types.ts';
import type { Check } from './policy-check.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';

/** A window or freeze that is none is never in the list: the rule would never match, and no one would notice. */
export const checkCalendar = ({ policy, report }: Check, { name, when }: Rule, path: Path): void => {
  for (const section of ['windows', 'freezes'] as const) {
    const known = Object.keys(policy[section]);
    for (const used of when?.[section] ?? []) {
      if (known.includes(used)) continue;
      const message = `The condition of "${name}" names "${used}", which is none of the ${section} of this policy${suggestion(used, known, `define it under ${section}.`)}`;
      report.refuse(section === 'windows' ? 'unknown_window' : 'unknown_freeze', [...path, 'when'], message);
    }
  }
};

/** It does nothing; the rule for it may have been forgotten. */
export const warnUnused = ({ policy, report, isComplete }: Check): void => {
  if (!isComplete) return;
  // Jobs of clients request for a window by its name.
  const isAskedFor = Object.keys(policy.clients).length > 0;
  for (const section of isAskedFor ? (['freezes'] as const) : (['windows', 'freezes'] as const)) {
    const used = new Set(policy.rules.flatMap(({ when }) => when?.[section] ?? []));
    for (const name of Object.keys(policy[section])) {
      if (used.has(name)) continue;
      const what = section === 'windows' ? 'window' : 'freeze';
      const message = `No condition names the ${what} "${name}", so it does nothing; write '"${name}" in ${section}' in the rule it is for, or remove it.`;
      report.warn(`unused_${what}`, [section, name], message);
    }
  }
};
