/** `npm run fuzz [-- --runs 1000000 --seed 7 --door "request line"]`: the tests of this folder with more inputs. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
    door: { type: 'string' },
  },
});
for (const name of ['runs', 'seed']) {
  if (/^-?\d{1,12}$/.test(values[name])) continue;
  process.stderr.write(`--${name} takes a whole number, as --${name} 7; it is "${values[name]}".\n`);
  process.exit(2);
}
process.stdout.write(`${values.runs} inputs, seed ${values.seed}\n`);
const only = values.door === undefined ? [] : ['-t', values.door];
const run = spawnSync('npx', ['vitest', 'run', 'test/fuzz', '--reporter=verbose', ...only], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_RUNS: values.runs, FUZZ_SEED: values.seed },
});
process.exit(run.status ?? 1);
