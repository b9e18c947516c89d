/** A Redis user without dangerous commands, so without INFO: work is handed out and done, and the event loop stays free. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { randomSuffix, testRedis } from '../support/services.ts';
import { startQueueRig } from './queue-rig.ts';

test('a Redis user without dangerous commands is enough', async () => {
  const { url } = testRedis();
  const user = `u${randomSuffix()}`;
  const admin = new Redis(url);
  await admin.call('ACL', 'SETUSER', user, 'on', '>made-up', '~*', '&*', '+@all', '-@dangerous');
  const userUrl = new URL(url);
  userUrl.username = user;
  userUrl.password = 'made-up';
  const rig = await startQueueRig({ hasLateWork: false, userUrl: userUrl.href });
  try {
    await rig.add('notify', 'r1');
    await waitUntil(() => rig.done.includes('notify r1'), { timeoutMs: 60_000, what: 'the work' });
    const before = process.cpuUsage();
    await delay(1_000);
    const { user: usedUs } = process.cpuUsage(before);
    expect(usedUs).toBeLessThan(800_000);
  } finally {
    await rig.close();
    await admin.call('ACL', 'DELUSER', user);
    admin.disconnect();
  }
});
