/** Looks at Redis before it is needed: version, settings, rights. Writes the one key that `readyz` writes too. */
import { Redis } from 'ioredis';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Examined, Finding } from '../domain/finding.ts';
import { redisProblem } from './jobs.ts';

const CONNECT_MS = 5_000;
const COMMAND_MS = 5_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/;

/** Redis says what it is in `INFO server`; a Valkey goes on saying which Redis it is as good as. */
const versionIn = (info: string): string | null => /^redis_version:(\S+)/m.exec(info)?.[1] ?? null;

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 2);
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const findingsOf = (version: string | null, url: string, problem: string | null): Finding[] =>
  [
    problem !== null && errorFinding('redis', problem),
    version !== null &&
      isTooOld(version) &&
      errorFinding('old_version', `Redis ${version} is too old: Latchkey needs 6.2 or newer, or Valkey.`),
    url.startsWith('redis:') &&
      !LOOPBACK.test(new URL(url).hostname) &&
      warningFinding('not_encrypted', 'The connection is not encrypted: use a rediss:// address in REDIS_URL.'),
  ].filter((finding) => finding !== false);

export const examineRedis = async ({ url, prefix }: { url: string; prefix: string }): Promise<Examined> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What failed is told by the command that failed.
  let failure: Error | null = null;
  redis.on('error', (error: Error) => (failure ??= error));
  try {
    await redis.connect();
    const sentAtMs = Date.now();
    const [seconds, micros] = await redis.time();
    const receivedAtMs = Date.now();
    const problem = await redisProblem(redis, prefix);
    const version = versionIn(await redis.info('server').catch(() => ''));
    return {
      about: version === null ? 'it answers' : `version ${version}`,
      findings: findingsOf(version, url, problem),
      clock: { shownMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), sentAtMs, receivedAtMs },
    };
  } catch (error) {
    const why = messageOf(failure ?? error);
    const message = `Redis cannot be reached with REDIS_URL (${why}); start it, or correct the address.`;
    return { about: null, findings: [errorFinding('redis_unreachable', message)], clock: null };
  } finally {
    redis.disconnect();
  }
};
