/** A branch of a Git repository: each checkpoint is a file and a commit of its own. Nothing is pushed by force, and none is written twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Held, Publisher, StoredCheckpoint } from '../application/evidence/evidence-ports.ts';
import { checkpointName, isCheckpointName } from './checkpoint-name.ts';
import { addressOf, gitIn, GitFailure, shown, type Git } from './git-program.ts';

/** Others may push between our look and our push. */
const PUSH_TRIES = 3;

export type GitSettings = { url: string; branch: string };

const text = async (made: Promise<Buffer>): Promise<string> => (await made).toString('utf8').trim();

/** In a repository of its own, which holds the branch where there is one; `base` is its commit. */
const withBranch = async <T>(
  settings: GitSettings,
  work: (git: Git, base: string | null) => Promise<T>,
): Promise<T> => {
  const { url, branch } = settings;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-git-'));
  const git = gitIn(folder, url);
  const address = addressOf(url);
  try {
    await git(['init', '--bare', '--quiet', folder]);
    const found = await text(git(['ls-remote', '--', address, `refs/heads/${branch}`]));
    if (found === '') return await work(git, null);
    await git(['fetch', '--quiet', '--depth=1', '--', address, `+refs/heads/${branch}:refs/heads/base`]);
    return await work(git, await text(git(['rev-parse', 'refs/heads/base'])));
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    const message = `The branch ${branch} of ${shown(url)} cannot be used (${error.message}); give Latchkey's user the right to read and push it.`;
    throw new Error(message, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const namesIn = async (git: Git, base: string): Promise<string[]> =>
  (await text(git(['ls-tree', '--name-only', base]))).split('\n').filter(isCheckpointName).toSorted();

const commit = async (git: Git, base: string | null, checkpoint: StoredCheckpoint): Promise<string> => {
  const name = checkpointName(checkpoint);
  if (base !== null) await git(['read-tree', base]);
  const blob = await text(git(['hash-object', '-w', '--stdin'], checkpoint.note));
  await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${name}`]);
  const tree = await text(git(['write-tree']));
  const parents = base === null ? [] : ['-p', base];
  return text(git(['commit-tree', tree, ...parents], `Checkpoint of ${checkpoint.size} events\n`));
};

const put = (settings: GitSettings, checkpoint: StoredCheckpoint): Promise<void> =>
  withBranch(settings, async (git, base) => {
    if (base !== null && (await namesIn(git, base)).includes(checkpointName(checkpoint))) return;
    const made = await commit(git, base, checkpoint);
    await git(['push', '--quiet', '--', addressOf(settings.url), `${made}:refs/heads/${settings.branch}`]);
  });

const putAgain = async (settings: GitSettings, checkpoint: StoredCheckpoint): Promise<void> => {
  for (let left = PUSH_TRIES - 1; ; left -= 1)
    try {
      return await put(settings, checkpoint);
    } catch (error) {
      if (left === 0) throw error;
    }
};

/** All in one call of git, however many there are: each comes as a line with its length, and its bytes. */
const readAll = async (git: Git, base: string, names: readonly string[]): Promise<string[]> => {
  const out = await git(['cat-file', '--batch'], names.map((name) => `${base}:${name}\n`).join(''));
  const texts: string[] = [];
  for (let at = 0; at < out.length;) {
    const end = out.indexOf('\n', at);
    const size = Number(out.subarray(at, end).toString('utf8').split(' ').at(-1));
    texts.push(out.subarray(end + 1, end + 1 + size).toString('utf8'));
    at = end + 1 + size + 1;
  }
  return texts;
};

const held = (settings: GitSettings, wanted: 'newest' | 'all'): Promise<Held[]> =>
  withBranch(settings, async (git, base) => {
    if (base === null) return [];
    const all = await namesIn(git, base);
    const names = wanted === 'all' ? all : all.slice(-1);
    const texts = await readAll(git, base, names);
    return texts.map((note, index) => ({ text: note, source: `${names[index]} in ${shown(settings.url)}` }));
  });

export const gitPublisher = (settings: GitSettings): Publisher => ({
  name: `git:${shown(settings.url)}#${settings.branch}`,
  kind: 'git',
  vkey: null,
  takesEach: true,
  put: async (checkpoint) => {
    await putAgain(settings, checkpoint);
    return { signatures: '' };
  },
  held: (wanted) => held(settings, wanted),
});
