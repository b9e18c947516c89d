/** The CI is given what to hide, and no command by which a target could reach it. */
import { afterEach, expect, test, vi } from 'vitest';
import { mask } from '../../src/cli/job/masks.ts';

afterEach(() => void vi.restoreAllMocks());

test.each(['\r', '\n', '\r\n'])(
  'a credential whose lines end in %j is masked line by line, and is no command',
  async (end) => {
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((...given: unknown[]) => {
      const done = given.at(-1);
      if (typeof done === 'function') done();
      return true;
    });
    const value = `first-secret${end}::add-path::/tmp/evil${end}last-secret`;
    await mask([{ name: 'token', env: 'TOKEN', value, secret: true }], {
      env: { GITHUB_ACTIONS: 'true' },
      isOutputTaken: true,
    });
    const said = spy.mock.calls.map(([text]) => String(text)).join('');
    const lines = said.split(/\r\n|[\r\n]/).filter((line) => line !== '');
    expect(lines.filter((line) => !line.startsWith('::add-mask::'))).toEqual([]);
    expect(lines).toEqual(expect.arrayContaining(['::add-mask::first-secret', '::add-mask::last-secret']));
  },
);
