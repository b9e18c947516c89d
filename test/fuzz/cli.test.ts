/** What operators type after `latchkey`: understood, or refused in a sentence and with an exit code. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { textsLike } from './texts.ts';

const example = path.join(fileURLToPath(new URL('../..', import.meta.url)), 'latchkey.example.yml');
const COMMANDS = [
  ['policy', 'check', example],
  ['policy', 'test', example],
  ['policy', 'explain', 'orders-db', 'read', '--as', 'ada@acme.test', '--at', '2026-11-29T20:00:00Z', example],
  ['policy', 'replay', '--since', '7d', example],
  ['audit', 'verify', '--head', '1:abc'],
  ['audit', 'export', '--since', '2026-01-01'],
  ['migrate', '--json'],
  ['--version'],
  ['help', 'policy'],
];
const args = fc
  .record({
    at: fc.nat(COMMANDS.length - 1),
    changes: fc.array(
      fc.record({
        at: fc.nat(8),
        by: fc.option(textsLike({ seeds: [...COMMANDS.flat(), '--', '-x', '--json', '30m'], max: 200 })),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ at, changes }) =>
    changes.reduce(
      (now, change) => {
        const place = change.at % (now.length + 1);
        return change.by === null
          ? now.toSpliced(place, 1)
          : now.toSpliced(place, 1, change.by.replaceAll('\u0000', ''));
      },
      [...(COMMANDS[at] ?? [])],
    ),
  )
  // These keep or end the process.
  .filter((typed) => !typed.includes('serve') && !typed.includes('doctor'));

describe('what operators type', () => {
  let written = '';
  beforeEach(() => {
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'SLACK_BOT_TOKEN', 'LATCHKEY_POLICY']) vi.stubEnv(name, undefined);
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        written += String(chunk);
        return true;
      });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  fuzz({
    name: 'command line',
    share: 5,
    inputs: args,
    run: async (typed) => {
      written = '';
      claim([0, 1, 2]).toContain(await run(typed));
      saysNothingOfTheInside(written, typed.join(' '));
      claim(written.length).toBeGreaterThan(0);
    },
  });
});
