/** `npm run chaos [-- --seed N --for 30m]`: breaks things at random until the time is over or something is found. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/domain/time/durations.ts';
import { failure, summary } from './report.ts';
import { runChaos } from './run.ts';

const ROUND_MS = 45_000;

const { values } = parseArgs({ options: { seed: { type: 'string' }, for: { type: 'string', default: '5m' } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(values.seed);
const dataDir = fileURLToPath(new URL('../../.data', import.meta.url));
const runDir = path.join(dataDir, 'chaos', String(process.pid));
mkdirSync(runDir, { recursive: true });

const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`Chaos with seed ${seed} for ${values.for}. Again: npm run chaos -- --seed ${seed} --for ${values.for}`);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const report = await runChaos({
  seed,
  forMs: parseDuration(values.for),
  places: { runDir, downloadDir: dataDir },
  roundMs: ROUND_MS,
  isHasty: false,
  say,
  stop: stop.signal,
});
if (stop.signal.aborted) say('Stopped before its time.');
say(summary(report));
if (report.findings.length > 0) {
  say(failure(report));
  process.exitCode = 1;
}
