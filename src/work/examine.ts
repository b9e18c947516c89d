/** Looks at Redis before it is needed, as the running app does: version, settings, rights. Writes what `readyz` writes too. */
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Examined, Finding } from '../domain/finding.ts';
import { faultSentence, isUsableWith } from './redis-faults.ts';
import type { RedisFault } from './redis-faults.ts';
import { createRedisProbe } from './redis-probe.ts';
import type { RedisPlace } from './redis.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/;

const codeOf = ({ code }: RedisFault): string => {
  if (code === 'unreachable') return 'redis_unreachable';
  return code === 'old_version' ? 'old_version' : 'redis';
};

const findingOf = (found: RedisFault): Finding =>
  (isUsableWith(found) && found.code !== 'may_evict' ? warningFinding : errorFinding)(
    codeOf(found),
    faultSentence(found),
  );

export const examineRedis = async (place: RedisPlace): Promise<Examined> => {
  const probe = createRedisProbe(place);
  try {
    const { fault: found, version, clock } = await probe.look();
    const isPlain = new URL(place.url).protocol === 'redis:' && !LOOPBACK.test(new URL(place.url).hostname);
    const isThere = clock !== null || version !== null;
    return {
      about: isThere ? (version === null ? 'it answers' : `version ${version}`) : null,
      findings: [
        ...(found ? [findingOf(found)] : []),
        ...(isPlain && isThere
          ? [warningFinding('not_encrypted', 'The connection is not encrypted: use a rediss:// address in REDIS_URL.')]
          : []),
      ],
      clock,
    };
  } finally {
    probe.close();
  }
};
