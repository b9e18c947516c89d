/** The program git: nothing of Latchkey's secrets in its environment, and none of its own in the list of processes or in what is said of it. */
import { execFile, type ExecFileException } from 'node:child_process';
import { join } from 'node:path';

const TIMEOUT_MS = 60_000;
const OUTPUT_MAX = 64 * 1024 * 1024;

export class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

export type Git = (args: readonly string[], input?: string) => Promise<Buffer>;

/** How it finds its programs, its settings and the way out; ssh and the credential helpers that it starts get the same. */
const PASSED =
  /^(?:PATH|HOME|TMPDIR|LANG|SSH_AUTH_SOCK|XDG_CONFIG_HOME|SSL_CERT_(?:FILE|DIR)|(?:https?|all|no)_proxy|GIT_\w+)$/i;

const passed = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => PASSED.test(name)));

/** No person gets a question, and no helper program is named by an address. */
const OWN = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https:ssh:file',
  GIT_AUTHOR_NAME: 'Latchkey',
  GIT_AUTHOR_EMAIL: 'latchkey@localhost',
  GIT_COMMITTER_NAME: 'Latchkey',
  GIT_COMMITTER_EMAIL: 'latchkey@localhost',
};

const USERINFO = /^(https:\/\/)([^/?#]*)@/i;

/** Without what an address may hold of a user or a token. */
export const shown = (url: string): string => url.replace(/\/\/[^/?#]*@/, '//');

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
};

type Setting = { key: string; value: string };

/** git-scm.com/docs/gitcredentials: for this server only, also where it leads elsewhere. */
const signIn = (url: string): { settings: Setting[]; env: NodeJS.ProcessEnv } => {
  const [, , userinfo] = USERINFO.exec(url) ?? [];
  if (userinfo === undefined) return { settings: [], env: {} };
  const [user = '', ...rest] = userinfo.split(':');
  const of = `credential.${new URL(shown(url)).origin}`;
  const name = { key: `${of}.username`, value: decoded(user) };
  if (rest.length === 0) return { settings: [name], env: {} };
  const helper = `!f() { test "$1" != get || printf 'password=%s\\n' "$GIT_PASSWORD_OF_ADDRESS"; }; f`;
  return {
    settings: [name, { key: `${of}.helper`, value: '' }, { key: `${of}.helper`, value: helper }],
    env: { GIT_PASSWORD_OF_ADDRESS: decoded(rest.join(':')) },
  };
};

/** After those of the operator. */
const configured = (settings: readonly Setting[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const before = Number(env['GIT_CONFIG_COUNT'] ?? 0) || 0;
  const pairs = settings.flatMap(({ key, value }, index): [string, string][] => [
    [`GIT_CONFIG_KEY_${before + index}`, key],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return Object.fromEntries([...pairs, ['GIT_CONFIG_COUNT', String(before + settings.length)]]);
};

/** A user of fewer characters is a word like any other. */
const TOKEN_CHARS_MIN = 8;

/** git names the user of an address that it wants a password for, and a token is often given as that user. */
const withoutSecrets = (said: string, url: string): string => {
  const [, , userinfo = ''] = USERINFO.exec(url) ?? [];
  return userinfo
    .split(':')
    .flatMap((part) => [part, decoded(part), encodeURIComponent(decoded(part))])
    .filter(({ length }) => length >= TOKEN_CHARS_MIN)
    .reduce((text, secret) => text.replaceAll(secret, '***'), shown(said));
};

/** Never what Node says of it, which is the whole command. */
const whyNot = ({ code, killed, signal }: ExecFileException, stderr: string, url: string): string => {
  if (code === 'ENOENT') return 'there is no program git; install it';
  if (String(code) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'git answered too much';
  if (killed) return `git did not end within ${TIMEOUT_MS / 1000} s`;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  if (said !== '') return withoutSecrets(said, url);
  return signal ? `git was ended by ${signal}` : `git ended with ${code ?? 'no'} exit code and said nothing`;
};

/** In this folder as its repository. `url`: the only address it goes to; calls name it as `addressOf` gives it. */
export const gitIn = (folder: string, url: string): Git => {
  const own = passed(process.env);
  const { settings, env: secrets } = signIn(url);
  const env = {
    ...own,
    ...OWN,
    ...configured(settings, own),
    ...secrets,
    GIT_DIR: folder,
    GIT_INDEX_FILE: join(folder, 'index'),
  };
  const options = { env, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_MAX, encoding: 'buffer' as const };
  return (args, input = '') =>
    new Promise((resolve, reject) => {
      const child = execFile('git', args, options, (error, stdout, stderr) => {
        if (error) reject(new GitFailure(whyNot(error, stderr.toString('utf8'), url)));
        else resolve(stdout);
      });
      // How a program ends says that it did not read.
      child.stdin?.on('error', () => child.stdin?.destroy());
      child.stdin?.end(input);
    });
};

/** As a call may name it: what it holds of a user or a token is given otherwise. */
export const addressOf = (url: string): string => url.replace(USERINFO, '$1');
