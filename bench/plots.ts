/**
 * `npm run bench:plots [-- <file>]`: plots and the table of `docs/performance.md`, from the newest kept run. Those of a file that is
 * named are put beside it, and the page is left alone: it shows what is kept.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { plotsOf } from './report/plots.ts';
import { withFigures } from './report/table.ts';
import { newestKept, readResults } from './results.ts';
import type { Results } from './results.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = path.join(root, 'docs', 'performance.md');
const images = path.join(root, 'docs', 'images');

const writePlots = (folder: string, results: Results): string => {
  mkdirSync(folder, { recursive: true });
  const plots = plotsOf(results);
  for (const [name, svg] of Object.entries(plots)) writeFileSync(path.join(folder, name), svg);
  return Object.keys(plots).join(', ');
};

const plotNamed = (file: string): string => {
  const folder = `${file.replace(/\.json$/, '')}-plots`;
  return `${writePlots(folder, readResults(file))} in ${path.relative(root, folder)}; the page shows kept runs only`;
};

const plotKept = (): string => {
  const kept = newestKept(path.join(root, 'bench', 'results'));
  if (!kept) throw new Error('No run is kept in bench/results yet; run `npm run bench` first, or name a file.');
  const names = writePlots(images, kept.results);
  writeFileSync(page, withFigures(readFileSync(page, 'utf8'), kept.results));
  return `${names} and the table of docs/performance.md, from ${path.relative(root, kept.file)}`;
};

try {
  const named = process.argv[2];
  console.log(named === undefined ? plotKept() : plotNamed(path.resolve(named)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
