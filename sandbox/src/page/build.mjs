/** Builds the page of the local workspace into `dist/page/`: one script, one style sheet, nothing from elsewhere. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here('../../dist/page/');

mkdirSync(outdir, { recursive: true });
await build({
  entryPoints: { page: here('./main.tsx') },
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) copyFileSync(here(`./${file}`), `${outdir}${file}`);
