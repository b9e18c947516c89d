/** The commands that an administrator runs on each node, so that Latchkey can work there, and may do nothing else. */
import { ProviderError } from '../provider.ts';
import type { Preparation, ProviderContext } from '../provider.ts';
import { settingsOf, type Config, type Scope } from './config.ts';
import { preparationLine } from './own-rights.ts';
import { openServer } from './server.ts';

const USUAL_USER = 'latchkey';

const askVersion = async (config: Config, signal: AbortSignal): Promise<{ version: string | null; why: string }> => {
  const server = openServer(settingsOf(config));
  try {
    return { version: await server.run(signal, async ({ version }) => version), why: '' };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { version: null, why: error.message };
  } finally {
    server.close();
  }
};

/** redis-cli knows no comments, so what there is to say is in the notes. */
export const prepare = async (
  config: Config | null,
  _scopes: Record<string, Scope>,
  { signal }: Pick<ProviderContext, 'signal'>,
): Promise<Preparation> => {
  const asked = config === null ? null : await askVersion(config, signal);
  const users = config === null ? [USUAL_USER] : [...new Set(settingsOf(config).nodes.map(({ user }) => user))];
  const usual = config === null ? [`The user is called ${USUAL_USER} here, since the nodes are not set.`] : [];
  return {
    text: `${users.map(preparationLine).join('\n')}\n`,
    version: asked?.version ?? null,
    notes: [
      'Run it with redis-cli on each node: ACL users are not replicated. It may be run again.',
      `It sets no password. Afterwards, on each node: ACL SETUSER ${users[0] ?? USUAL_USER} >… and then ACL SAVE, or CONFIG REWRITE where the users stand in redis.conf.`,
      ...(asked?.why ? [asked.why] : []),
      ...usual,
    ],
  };
};
