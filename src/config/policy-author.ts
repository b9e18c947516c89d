/** Who changed the policy, as far as it can be known: from the environment, or from the git history that the file lies in. Never fails a load. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

export type PolicyAuthor = {
  /** `Dana Lee <dana@acme.test>`, as git or the environment writes it: text of people. */
  by: string | null;
  revision: string | null;
  subject: string | null;
  /** The file is not what that commit holds: somebody edited it since, and git does not know who. */
  isEdited: boolean;
};

const PATIENCE_MS = 2_000;
const TEXT_MAX = 200;
const OUTPUT_MAX = 64 * 1024;

const kept = (text: string | undefined): string | null =>
  text
    ?.replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, TEXT_MAX) || null;

const fromEnvironment = (env: Variables): PolicyAuthor | null => {
  const read = (name: string): string | null => {
    const found = readVariable(env, name);
    return 'value' in found ? kept(found.value ?? undefined) : null;
  };
  const [by, revision] = [read('LATCHKEY_POLICY_AUTHOR'), read('LATCHKEY_POLICY_REVISION')];
  return by === null && revision === null ? null : { by, revision, subject: null, isEdited: false };
};

/** No shell, no hooks, no pager, no prompt, nothing of ours in its environment; null when it fails, for whatever reason. */
const git = (folder: string, words: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    };
    const safe = [
      '--no-pager',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'log.showSignature=false',
    ];
    const options = { cwd: folder, env, timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_MAX } as const;
    execFile('git', [...safe, ...words], options, (error, stdout) => resolve(error ? null : stdout));
  });

/** The id git gives these bytes; of sha1 or sha256, as the repository's ids are long. */
const blobId = (text: string, length: number): string => {
  const bytes = Buffer.from(text);
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
};

const fromGit = async (file: string, text: string): Promise<PolicyAuthor | null> => {
  const { dir, base } = path.parse(await realpath(file));
  const here = `./${base}`;
  const [log, tree] = await Promise.all([
    git(dir, ['log', '-1', '--no-show-signature', '--format=%h%x00%an <%ae>%x00%s', '--', here]),
    git(dir, ['ls-tree', '--format=%(objectname)', 'HEAD', '--', here]),
  ]);
  const [revision, by, subject] = log?.split('\0') ?? [];
  const committed = tree?.trim() ?? '';
  if (!revision || !committed) return null;
  const isEdited = committed !== blobId(text, committed.length);
  return {
    by: isEdited ? null : kept(by),
    revision: kept(revision),
    subject: isEdited ? null : kept(subject),
    isEdited,
  };
};

/** null where nothing is known. `text` is the policy as it was read. */
export const readPolicyAuthor = async (file: string, text: string, env: Variables): Promise<PolicyAuthor | null> => {
  const given = fromEnvironment(env);
  if (given) return given;
  try {
    return await fromGit(file, text);
  } catch {
    // No such file any more, no folder: then nothing is known of who changed it.
    return null;
  }
};
