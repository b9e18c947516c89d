/** One target: by its provider, with the roles of the policy. */
import { errorFinding } from '../../domain/finding.ts';
import type { Target } from '../../domain/policy/types.ts';
import { createLog } from '../../lib/log.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { examineTarget, scopesOf } from '../../providers/examine.ts';
import type { Preparation } from '../../providers/provider.ts';
import { findProvider } from '../../providers/registry.ts';
import { plain } from './check.ts';
import type { Look } from './check.ts';
import { configPathOf, findingOf } from './configuration.ts';
import type { Configured } from './configured.ts';

const silent = createLog('silent');

/** The roles of a target, as its provider's `prepare` takes them. */
export const preparationOf = async ({ provider: id, config, roles }: Target): Promise<Preparation | null> => {
  const { signal } = new AbortController();
  return (await findProvider(id)?.prepare?.(config, scopesOf({ roles }), { signal })) ?? null;
};

export const targetLook = (target: Target, { policyProblems }: Configured): Look => ({
  area: 'target',
  name: target.name,
  limitMs: 20_000,
  look: async () => {
    const provider = findProvider(target.provider);
    const about = `${provider?.title ?? target.provider}, ${pluralize(Object.keys(target.roles).length, 'role')}`;
    const wrong = policyProblems.filter(({ path }) => path.startsWith(configPathOf(target)));
    if (wrong.length > 0)
      return plain(
        about,
        wrong.map((problem) => findingOf(problem, 'error')),
      );
    if (!provider) return plain(about, [errorFinding('unknown_provider', `There is no provider ${target.provider}.`)]);
    const { signal } = new AbortController();
    return plain(about, await examineTarget({ provider, target, signal, log: silent }));
  },
});
