import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readLog, spawnServer } from '../../sandbox/src/embedded/process.ts';
import { testServices } from '../support/services.ts';

const program = (code: string, logFile: string) =>
  spawnServer({ command: process.execPath, args: ['-e', code], env: process.env, logFile });

test('what is left of an earlier server writes behind the log of the next, and leaves no hole in it', async () => {
  const logFile = path.join(mkdtempSync(path.join(testServices().runDir, 'log-')), 'server.log');
  program(
    `console.log('x'.repeat(500)); const { existsSync } = require('fs'); const wait = setInterval(() => {
       if (!existsSync(${JSON.stringify(`${logFile}.over`)})) return; clearInterval(wait); console.log('last words'); }, 10);`,
    logFile,
  );
  await expect.poll(() => readLog(logFile), { timeout: 60_000 }).toContain('x'.repeat(500));
  program(`console.log('the reason'); require('fs').writeFileSync(${JSON.stringify(`${logFile}.over`)}, '')`, logFile);
  await expect.poll(() => readLog(logFile), { timeout: 60_000 }).toContain('last words');
  expect(readLog(logFile)).toBe('the reason\nlast words');
});
