/** A large policy is changed under a running app: it is checked aside, adopted whole, and holds nobody up meanwhile. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { storyOf, until } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let world: World;
let app: AppProcess;
beforeAll(async () => {
  world = await startWorld();
  app = await startProcess(world.env);
});
afterAll(async () => {
  await app.stop();
  await world.stop();
});

/** About 400 kB: most of the time goes into the conditions. */
const largePolicy = (small: string, note: string): string => {
  const never = Array.from({ length: 12 }, (_, index) => `request.reason == "never ${index} ${'x'.repeat(40)}"`);
  const rules = Array.from(
    { length: 500 },
    (_, index) =>
      `  - name: Rule ${index}\n    match: { roles: ["*/read"] }\n    when: ${JSON.stringify(`${never.join(' || ')} || request.ticket == "${index}"`)}\n    approve: true\n`,
  );
  return `# ${note}\n${small.replace('rules:\n', `rules:\n${rules.join('')}`)}`;
};

const events = (type: string): Promise<{ data: string }[]> =>
  world.sql('select data from audit_events where type = $1 order by id', [type]);

/** The longest that the app took to answer while `work` went on, and how long that was. */
const answeringDuring = async (work: Promise<unknown>): Promise<{ worstMs: number; tookMs: number }> => {
  const startedAt = performance.now();
  let isDone = false;
  const finished = work.finally(() => {
    isDone = true;
  });
  let worstMs = 0;
  while (!isDone) {
    const askedAt = performance.now();
    const { status } = await fetch(`http://127.0.0.1:${app.port}/healthz`);
    expect(status).toBe(200);
    worstMs = Math.max(worstMs, performance.now() - askedAt);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  await finished;
  return { worstMs, tookMs: performance.now() - startedAt };
};

test('the app answers while a large policy is checked, and then decides by it', async () => {
  const small = readFileSync(world.policyPath, 'utf8');
  const text = largePolicy(small, 'first');
  expect(text.length).toBeGreaterThan(200_000);
  writeFileSync(world.policyPath, text);
  app.child.kill('SIGHUP');
  const adopted = until(async () => (await events('policy.loaded')).length === 2, 'the new policy', 120_000);
  const { worstMs, tookMs } = await answeringDuring(adopted);
  expect(worstMs).toBeLessThan(tookMs / 2);
  const message = await storyOf(world).ask('ada', 'orders-db read 30m look into the checkout errors');
  expect(seen(message)).toContain('Everything else needs one owner');
});

test('a large file that is wrong is refused whole, with every problem', async () => {
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, text.replace('approve: true', 'approve: false').replace('[olga@', '[olga at '));
  app.child.kill('SIGHUP');
  await until(async () => (await events('policy.rejected')).length > 0, 'the refusal', 120_000);
  const [refused] = await events('policy.rejected');
  expect(refused?.data).toContain('line ');
  expect(refused?.data).toContain('must be true');
  expect(await events('policy.loaded')).toHaveLength(2);
});
