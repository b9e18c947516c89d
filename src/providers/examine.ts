/** Looks at one target before it is needed, over a connection of its own, and says what an administrator runs to prepare it. */
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Target } from '../domain/policy/types.ts';
import type { Json } from '../domain/json.ts';
import type { Log } from '../lib/log.ts';
import { guard } from './guard.ts';
import { ProviderError } from './provider.ts';
import type { AnyProvider } from './any-provider.ts';
import { secretsIn } from './scrub.ts';

/** For the whole look; short enough that somebody waits for it. */
const TIMEOUT_MS = 12_000;

export type TargetToExamine = { provider: AnyProvider; target: Target; signal: AbortSignal; log: Log };

export const scopesOf = ({ roles }: Pick<Target, 'roles'>): Record<string, Json> =>
  Object.fromEntries(Object.values(roles).map(({ name, scope }) => [name, scope]));

/** Never rejects for what the target does: that is what it looks for. */
export const examineTarget = async ({ provider, target, signal, log }: TargetToExamine): Promise<Finding[]> => {
  const wrong = provider.configProblems(target.config);
  if (wrong.length > 0)
    return wrong.map(({ path, message }) =>
      errorFinding('config', `${['config', path].filter(Boolean).join('.')} of ${target.name} ${message}.`),
    );
  const connection = guard(provider.connect(target.config), {
    provider: provider.id,
    target: target.name,
    secrets: secretsIn(target.config),
    timeoutMs: TIMEOUT_MS,
    maxAttempts: 1,
  });
  try {
    if (connection.preflight) return await connection.preflight(scopesOf(target), { signal, log });
    return [warningFinding('not_checked', `A ${provider.title} target cannot be looked at before it is used.`)];
  } catch (error) {
    if (error instanceof ProviderError) return [errorFinding(error.kind, error.message)];
    throw error;
  } finally {
    await connection.disconnect();
  }
};
