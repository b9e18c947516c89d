/**
 * Writes the app into a few files, `dist/bundle/`: the program and what it uses are some fifteen hundred files, and to find and read
 * them one by one takes longer than everything else that a start does. Packages with native parts stay outside.
 */
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildAction } from './bundle-action.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** As deep below the root as every compiled folder: migrations are found from here. Tests name a folder and a program of their own. */
const [folder = 'dist/bundle', program = 'src/main.ts'] = process.argv.slice(2);
const outdir = path.join(root, folder);

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  outdir,
  entryPoints: {
    healthcheck: 'src/cli/healthcheck.ts',
    latchkey: program,
    // Started by address: a thread, and what that thread loads.
    'policy-thread': 'src/config/policy-thread.ts',
    'providers/registry': 'src/providers/registry.ts',
  },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // `pdfkit` reads files beside it, and the fonts are files; `ssh2` knows its own folder.
  external: ['pg-native', 'msgpackr-extract', 'pdfkit', 'dejavu-fonts-ttf', 'ssh2'],
  // CommonJS packages ask for Node's own modules with `require`.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
  },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'error',
});
chmodSync(path.join(outdir, 'latchkey.js'), 0o755);

if (process.argv.length === 2) await buildAction('integrations/github-action/dist');
