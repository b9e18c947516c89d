/**
 * One door under many inputs. Claims for each of them: it does not throw, it takes no longer than a bound, and what the door's own
 * claims say. `npm run fuzz` runs the same tests with a million inputs. A failure prints the smallest input and its seed.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';

/** A thousandth of all inputs is the unit of a share; the shares of all doors add up to a thousand. */
const UNIT = 1_000;
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_129);
const CPU_MAX_MS = 250;

type Door<T> = {
  name: string;
  /** Of a thousand inputs. */
  share: number;
  /** Where more than the usual is meant. */
  cpuMaxMs?: number;
  inputs: fc.Arbitrary<T>;
  run(input: T): void | Promise<void>;
};

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

/** Measured again before it counts: collecting garbage and compiling are in it too. */
const within = async <T>({ run, cpuMaxMs = CPU_MAX_MS }: Door<T>, input: T): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    const before = process.cpuUsage();
    const pending = run(input);
    if (pending) await pending;
    const took = cpuMs(before);
    if (took <= cpuMaxMs) return;
    if (tries === 3) throw new Error(`took ${took.toFixed(0)} ms of CPU three times, ${cpuMaxMs} are allowed`);
  }
};

export const fuzz = <T>(door: Door<T>): void => {
  const numRuns = Math.max(20, Math.round((RUNS * door.share) / UNIT));
  it(`${door.name}: ${numRuns} inputs`, { timeout: 120_000 + numRuns * 200 }, async () => {
    const property = fc.asyncProperty(door.inputs, (input) => within(door, input));
    const begun = process.cpuUsage();
    const result = await fc.check(property, { seed: SEED, numRuns, endOnFailure: false });
    const report = `${door.name}: ${result.numRuns} inputs, seed ${SEED}, ${cpuMs(begun).toFixed(0)} ms of CPU`;
    if (process.env['FUZZ_RUNS']) process.stdout.write(`${report}\n`);
    const why = result.failed ? `${await fc.asyncDefaultReportMessage(result)}\n${String(result.errorInstance)}` : '';
    expect(why, `${report}; again with: npm run fuzz -- --seed ${SEED}`).toBe('');
  });
};
