/** The image of a CI's job as docs/ci.md builds it: the program, a `psql`, and nothing else of Latchkey; and the scripts of `integrations/`, by its shell. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from './process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export type Ran = { code: number | null; out: string; err: string };

export type JobImage = {
  folder: string;
  /** A program on the job's PATH. */
  shim(name: string, text: string): void;
  run(program: string, args: string[], env: Record<string, string>): Promise<Ran>;
  /** As a runner runs a script. */
  shell(script: string, env: Record<string, string>): Promise<Ran>;
  remove(): void;
};

export const readIntegration = (file: string): string => readFileSync(path.join(root, 'integrations', file), 'utf8');

/** The blocks of a page of docs in one language. */
export const blocksOf = (page: string, language: string): string[] =>
  [...readFileSync(path.join(root, 'docs', page), 'utf8').matchAll(/^ *```(\w+)\n([^]*?)^ *```/gm)].flatMap(
    ([, found, text = '']) => (found === language ? [text] : []),
  );

/** `psql -f FILE`, as far as these scripts use it: there is no psql beside the embedded servers. */
const PSQL = `#!${process.execPath}
const pg = require(${JSON.stringify(createRequire(import.meta.url).resolve('pg'))});
const client = new pg.Client();
client.connect()
  .then(() => client.query(require('node:fs').readFileSync(process.argv[3], 'utf8')))
  .then(({ rows }) => { console.log(JSON.stringify(rows)); return client.end(); })
  .catch((error) => { console.error(error.message); process.exit(3); });
`;

/** What Latchkey's image has under `/app` is what the checkout has. */
const copyAsDocumented = (folder: string): void => {
  const [dockerfile = ''] = blocksOf('ci.md', 'Dockerfile');
  for (const [, from = '', to = ''] of dockerfile.matchAll(/^COPY --from=latchkey \/app\/(\S+) (\S+)$/gm))
    cpSync(path.join(root, from), path.join(folder, to.endsWith('/') ? path.join(to, path.basename(from)) : to), {
      recursive: true,
    });
  const [, program = '', link = ''] = /ln -s (\S+) (\S+)/.exec(dockerfile) ?? [];
  symlinkSync(path.join(folder, program), path.join(folder, 'bin', path.basename(link)));
};

/** `url`: of the server, once there is one. */
export const makeJobImage = async (url: () => string): Promise<JobImage> => {
  // Builds the bundle where a source is newer.
  await runCli(['exec', '--help'], {});
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-job-'));
  mkdirSync(path.join(folder, 'bin'));
  copyAsDocumented(folder);
  const shim: JobImage['shim'] = (name, text) => {
    writeFileSync(path.join(folder, 'bin', name), text);
    chmodSync(path.join(folder, 'bin', name), 0o755);
  };
  shim('psql', PSQL);
  for (const file of ['migrate.sql', 'report.sql'])
    writeFileSync(path.join(folder, file), 'select count(*)::int as orders from orders');
  const run: JobImage['run'] = (program, args, env) =>
    new Promise((resolve, reject) => {
      const job = spawn(program, args, {
        cwd: folder,
        env: { PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, LATCHKEY_URL: url(), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err] = ['', ''];
      job.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      job.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      job.once('error', reject);
      job.once('close', (code) => resolve({ code, out, err }));
    });
  return {
    folder,
    shim,
    run,
    shell: (script, env) => run('bash', ['-eo', 'pipefail', '-c', script], env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
