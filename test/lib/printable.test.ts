/** What anybody wrote does not reach a terminal, or the log of a CI, as something that is obeyed. */
import { afterEach, expect, test, vi } from 'vitest';
import { say } from '../../src/cli/job/failure.ts';
import { print, printJson } from '../../src/cli/output.ts';

afterEach(() => void vi.restoreAllMocks());

const written = (to: NodeJS.WriteStream, work: () => void): string => {
  const spy = vi.spyOn(to, 'write').mockReturnValue(true);
  work();
  return spy.mock.calls.map(([text]) => String(text)).join('');
};

const HOSTILE = 'no\n::add-mask::x\r\n##vso[task.setvariable]\u001b[2J\u009b2J\u202etxt\u2028end';

test('what a job says is one line, whatever an approver wrote', () => {
  const line = written(process.stderr, () => say(HOSTILE));
  expect(line.split('\n')).toHaveLength(2);
  expect(line).toMatch(/^latchkey: no ::add-mask::x/);
  expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
});

test('what a command prints keeps its lines and nothing else that a terminal obeys', () => {
  const text = written(process.stdout, () => print(`first\n\tsecond ${HOSTILE}`));
  expect(text).toMatch(/^first\n\tsecond no\n::add-mask/);
  expect(text).not.toMatch(/(?![\n\t])[\p{Cc}\u202e\u2028]/u);
});

test('JSON has the same value, with such characters written out', () => {
  const text = written(process.stdout, () => printJson({ reason: HOSTILE }));
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e\u2028]/u);
  expect(JSON.parse(text)).toEqual({ reason: HOSTILE });
});
