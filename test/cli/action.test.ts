/** The GitHub Action: its committed files are what the source builds, and what clients read from files is written to one and removed. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { listenOnLoopback } from '../../sandbox/src/embedded/listen.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const action = path.join(root, 'integrations/github-action');

const run = (
  file: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string }> => {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, out }));
  });
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lk-action-'));
});

test('dist is what the source builds: `npm run build` writes it', async () => {
  expect(await run('src/bundle-action.mjs', [folder])).toMatchObject({ code: 0 });
  const filesIn = (of: string): Record<string, string> =>
    Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(path.join(of, name), 'utf8')]));
  expect(filesIn(path.join(action, 'dist'))).toEqual(filesIn(folder));
});

test('action.yml names files that are there, and every input that the steps read', () => {
  const { runs, inputs } = parse(readFileSync(path.join(action, 'action.yml'), 'utf8')) as {
    runs: { main: string; post: string };
    inputs: Record<string, unknown>;
  };
  const missing = [runs.main, runs.post].filter((file) => !existsSync(path.join(action, file)));
  expect(missing).toEqual([]);
  const source = ['request-step.ts', 'runner.ts', 'give-back-step.ts']
    .map((name) => readFileSync(path.join(root, 'src/cli/job/action', name), 'utf8'))
    .join('\n');
  const read = [...source.matchAll(/(?:inputOf|demandInput)\(env, '([\w-]+)'\)/g)].map(([, name]) => name);
  expect(new Set(read)).toEqual(new Set(Object.keys(inputs)));
});

const KUBECONFIG = 'apiVersion: v1\nkind: Config\n';
const FIELDS = [
  { name: 'token', env: null, value: 'token-of-this-grant', secret: true },
  { name: 'kubeconfig', env: 'KUBECONFIG', value: KUBECONFIG, secret: true },
  { name: 'user', env: 'MYSQL_USER', value: 'lk_1', secret: false },
  { name: 'secret_access_key', env: 'AWS_SECRET_ACCESS_KEY', value: 'secret-key-of-this-grant', secret: true },
];

/** What the server answers to this job, as the API's page has it. `test/journeys/gates.test.ts` runs the steps against the server itself. */
const ANSWERS: Record<string, object> = {
  'POST /api/v1/sessions': { session: 's', client: 'api-deploy', expires_at: '2026-12-01T00:00:00Z' },
  'POST /api/v1/requests': {
    ...{ id: 'r1', version: 2, state: 'active', role: 'k/read', waiting_for: [], by: 'Olga', why: null },
    ...{ grant: 'g1', expires_at: '2026-12-01T00:00:00Z', message_url: null },
  },
  'POST /api/v1/requests/r1/credentials': {
    grant: 'g1',
    expires_at: '2026-12-01T00:00:00Z',
    fields: FIELDS,
    instructions: '',
  },
  'GET /api/v1/requests/r1': { id: 'r1', version: 2, state: 'active' },
  'DELETE /api/v1/grants': { ended: ['g1'], ending: [] },
};

let address: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const answer = ANSWERS[`${request.method} ${pathname}`];
    request.resume();
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
  const listening = await listenOnLoopback(server);
  address = `http://127.0.0.1:${listening.port}`;
  stop = listening.stop;
});
afterAll(() => stop());

const valuesIn = (file: string): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(file, 'utf8').matchAll(/^(.+)<<(.+)\n([^]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [
      name,
      value,
    ]),
  );

const files = (): Record<'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_ENV', string> => {
  const [output = '', state = '', variables = ''] = ['output', 'state', 'env'].map((name) => path.join(folder, name));
  for (const file of [output, state, variables]) writeFileSync(file, '');
  return { GITHUB_OUTPUT: output, GITHUB_STATE: state, GITHUB_ENV: variables };
};

const stepEnv = () => {
  const given = { RUNNER_TEMP: folder, LATCHKEY_ID_TOKEN: 'token', INPUT_ROLE: 'k/read', INPUT_REASON: 'Deploy' };
  return { GITHUB_ACTIONS: 'true', ...files(), ...given, INPUT_URL: address };
};

const step = (name: 'main' | 'post', env: Record<string, string>) =>
  run(path.join(action, 'dist', `${name}.mjs`), [], env);

test('a kubeconfig is a file that only the job may read, exported with what else clients read, and gone after the post step', async () => {
  const env = { ...stepEnv(), INPUT_EXPORT: 'true', INPUT_ENV: 'TOKEN=token\nKUBE_FILE=kubeconfig' };
  expect(await step('main', env)).toMatchObject({ code: 0 });
  const file = valuesIn(env.GITHUB_OUTPUT)['kubeconfig'] ?? '';
  expect(readFileSync(file, 'utf8')).toBe(KUBECONFIG);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(valuesIn(env.GITHUB_ENV)).toEqual({
    ...{ KUBECONFIG: file, KUBE_FILE: file, TOKEN: 'token-of-this-grant' },
    ...{ MYSQL_USER: 'lk_1', AWS_SECRET_ACCESS_KEY: 'secret-key-of-this-grant' },
  });
  const states = Object.entries(valuesIn(env.GITHUB_STATE)).map(([name, value]) => [`STATE_${name}`, value]);
  const { code, out } = await step('post', { ...env, ...Object.fromEntries(states) });
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('Given back: g1.') });
  expect(existsSync(path.dirname(file))).toBe(false);
});

test('without `export` no later step gets a variable', async () => {
  const env = stepEnv();
  expect(await step('main', env)).toMatchObject({ code: 0 });
  expect(readFileSync(env.GITHUB_ENV, 'utf8')).toBe('');
  const wrong = await step('main', { ...stepEnv(), INPUT_EXPORT: 'yes' });
  expect(wrong).toMatchObject({ code: 64, out: expect.stringContaining('must be true or false') });
});
