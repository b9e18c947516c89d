/** The program behind the image's health check, against servers that answer and such that do not. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { healthz } from '../../src/http/ops/health.ts';
import { startWebServer } from '../../src/http/server.ts';
import type { WebServer } from '../../src/http/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-health-'));
let server: WebServer;

beforeAll(async () => {
  const routes = { 'GET /healthz': healthz };
  server = await startWebServer({ port: 0, host: null, variable: 'PORT', routes, log: createLog('silent') });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const check = (env: Record<string, string>): Promise<number | null> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/healthcheck.ts'], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    child.once('exit', resolve);
  });

test.each<[string, () => Record<string, string>, number]>([
  ['a port', () => ({ PORT: String(server.port) }), 0],
  ['a port in a file, as a secret is mounted', () => ({ PORT_FILE: portFile() }), 0],
  ['one address', () => ({ PORT: String(server.port), LATCHKEY_HOST: '127.0.0.1' }), 0],
  ['all addresses', () => ({ PORT: String(server.port), LATCHKEY_HOST: '0.0.0.0' }), 0],
  ['an address where nothing listens', () => ({ PORT: '1' }), 1],
])('%s is asked', async (_what, env, code) => {
  expect(await check(env())).toBe(code);
});

const portFile = (): string => {
  const file = path.join(folder, 'port');
  writeFileSync(file, `${server.port}\n`);
  return file;
};
