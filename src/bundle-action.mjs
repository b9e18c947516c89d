/**
 * Writes the GitHub Action: one file for each step, since an action is its folder at a tag and nothing else. It is committed, and so it
 * is not minified: a change of it can be read. `npm run build` writes it, and a test compares it with what the source builds.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const buildAction = (outdir) =>
  build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    outdir,
    outExtension: { '.js': '.mjs' },
    entryPoints: { main: 'src/cli/job/action/main.ts', post: 'src/cli/job/action/post.ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minifySyntax: true,
    legalComments: 'inline',
    logLevel: 'error',
  });

/** Tests name a folder of their own. */
if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildAction(path.resolve(process.argv[2] ?? 'integrations/github-action/dist'));
