import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/browser/**'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: process.env['LATCHKEY_TEST_SLOW_STATEMENTS'] === '1' ? ['test/support/slow-statements.ts'] : [],
    // Real servers and real timers: a test mostly waits, so one more than there are cores pays off.
    maxWorkers: availableParallelism() + 1,
    // Files share their worker's modules: reading them anew for each file was a third of the processor time. No file may keep state in a module.
    isolate: false,
    unstubEnvs: true,
    restoreMocks: true,
    // Only what hangs is to fail: how fast something has to be is for its own test to say.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
