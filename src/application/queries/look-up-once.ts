/** Look-ups that one list makes again and again, made once for it: a thousand requests ask the same few groups. */
import { remembering } from '../../lib/remembering.ts';
import type { Deps } from '../deps.ts';

/** For one list and no longer: what it read is not read again. */
export const lookingUpOnce = (deps: Deps): Deps => {
  const { directory, store } = deps;
  const inputs = new Map<string, Parameters<Deps['directory']['recentMembers']>>();
  const members = remembering((key) => {
    const [sources, requester] = inputs.get(key) ?? [[], null];
    return directory.recentMembers(sources, requester);
  });
  const absences = remembering((key) => store.read.absencesOf(JSON.parse(key) as string[]));
  const conflicts = remembering((key) =>
    directory.conflicts(JSON.parse(key) as Parameters<typeof directory.conflicts>[0]),
  );
  return {
    ...deps,
    directory: {
      ...directory,
      recentMembers: (sources, requester) => {
        // Only a manager depends on who requests.
        const whose = sources.some(({ kind }) => kind === 'manager') ? (requester?.id ?? '') : '';
        const key = JSON.stringify([sources, whose]);
        inputs.set(key, [sources, requester]);
        return members(key);
      },
      conflicts: (sources) => conflicts(JSON.stringify(sources)),
    },
    store: {
      ...store,
      read: {
        ...store.read,
        absencesOf: (ids) => (ids.length === 0 ? Promise.resolve([]) : absences(JSON.stringify(ids.toSorted()))),
      },
    },
  };
};
