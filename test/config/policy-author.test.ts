/** Who changed the policy: from a real git work tree, or from the environment; never a reason not to load it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicyAuthor } from '../../src/config/policy-author.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-author-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const git = (...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Dana Lee', '-c', 'user.email=dana@acme.test', '-C', folder, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
const write = (text: string): string => {
  const file = path.join(folder, 'policy', 'latchkey.yml');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};
const commit = (subject: string): string => {
  git('add', '-A');
  git('commit', '-qm', subject);
  return git('rev-parse', '--short', 'HEAD');
};

describe('the author of a policy', () => {
  it('is whoever made the last commit that touched the file', async () => {
    git('init', '-q');
    const file = write('version: 1\n');
    const revision = commit('Let SREs read\n\nAnd more words.');
    writeFileSync(path.join(folder, 'other'), 'x');
    commit('Something else');
    const by = 'Dana Lee <dana@acme.test>';
    const known = { by, revision, subject: 'Let SREs read', isEdited: false };
    expect(await readPolicyAuthor(file, 'version: 1\n', {})).toEqual(known);
    const link = path.join(folder, 'link.yml');
    symlinkSync(file, link);
    expect(await readPolicyAuthor(link, 'version: 1\n', {})).toEqual(known);
  });

  it('is not the one of a commit when the file was edited since', async () => {
    git('init', '-q');
    const file = write('version: 1\n');
    const revision = commit('First');
    write('version: 1 # mine\n');
    expect(await readPolicyAuthor(file, 'version: 1 # mine\n', {})).toEqual({
      by: null,
      revision,
      subject: null,
      isEdited: true,
    });
  });

  it('is kept to one line, whatever it is called', async () => {
    git('init', '-q');
    const file = write('version: 1\n');
    commit(`${'x'.repeat(5_000)}<!channel>`);
    const author = await readPolicyAuthor(file, 'version: 1\n', {});
    expect(author?.subject).toHaveLength(200);
  });

  it('is not known outside of a repository, before a commit, or where the file is gone', async () => {
    const file = write('version: 1\n');
    expect(await readPolicyAuthor(file, 'version: 1\n', {})).toBeNull();
    git('init', '-q');
    expect(await readPolicyAuthor(file, 'version: 1\n', {})).toBeNull();
    expect(await readPolicyAuthor(path.join(folder, 'gone.yml'), '', {})).toBeNull();
  });

  it('is what the environment says, read anew each time, and that goes first', async () => {
    git('init', '-q');
    const file = write('version: 1\n');
    commit('First');
    const env = {
      LATCHKEY_POLICY_AUTHOR: 'release bot\u0007',
      LATCHKEY_POLICY_REVISION_FILE: path.join(folder, 'rev'),
    };
    writeFileSync(path.join(folder, 'rev'), 'v41\n');
    const known = { by: 'release bot', revision: 'v41', subject: null, isEdited: false };
    expect(await readPolicyAuthor(file, 'version: 1\n', env)).toEqual(known);
    writeFileSync(path.join(folder, 'rev'), 'v42\n');
    expect(await readPolicyAuthor(file, 'version: 1\n', env)).toEqual({ ...known, revision: 'v42' });
    rmSync(path.join(folder, 'rev'));
    expect(await readPolicyAuthor(file, 'version: 1\n', env)).toEqual({ ...known, revision: null });
  });
});
