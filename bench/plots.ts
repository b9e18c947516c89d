/** `npm run bench:plots [-- <file>]`: plots and the table of `docs/performance.md`, from the newest kept run or from a file. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { plotsOf } from './report/plots.ts';
import { withFigures } from './report/table.ts';
import type { Results } from './results.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = path.join(root, 'docs', 'performance.md');
const images = path.join(root, 'docs', 'images');

const newest = (): string => {
  const folder = path.join(root, 'bench', 'results');
  const kept = existsSync(folder) ? readdirSync(folder) : [];
  const last = kept
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .at(-1);
  if (!last) throw new Error('No run is kept in bench/results yet; run `npm run bench` first, or name a file.');
  return path.join(folder, last);
};

try {
  const file = process.argv[2] ?? newest();
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  mkdirSync(images, { recursive: true });
  const plots = plotsOf(results);
  for (const [name, svg] of Object.entries(plots)) writeFileSync(path.join(images, name), svg);
  writeFileSync(page, withFigures(readFileSync(page, 'utf8'), results));
  console.log(
    `${Object.keys(plots).join(', ')} and the table of docs/performance.md, from ${path.relative(root, file)}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
