/** GitLab's API: a token, and the instance that it is for. */
import { isLocalHttp } from '../lib/local-http.ts';

type Reader = { read(name: string): string | null; refuse(code: string, name: string, message: string): void };

/** `url` without a trailing slash. */
export type GitlabEnvironment = { token: string; url: string } | null;

const DEFAULT = 'https://gitlab.com';

const readAddress = (reader: Reader): string => {
  const name = 'LATCHKEY_GITLAB_URL';
  const text = reader.read(name);
  if (text === null || text === '') return DEFAULT;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url !== null && (url.protocol === 'https:' || isLocalHttp(url));
  if (url && isSafe && !url.search && !url.hash && !url.username && !url.password) return text.replace(/\/+$/, '');
  const message = `${name} is no https address such as https://gitlab.acme.test; plain http is for this machine alone.`;
  reader.refuse('bad_url', name, message);
  return DEFAULT;
};

export const readGitlab = (reader: Reader): GitlabEnvironment => {
  const url = readAddress(reader);
  const token = reader.read('LATCHKEY_GITLAB_TOKEN');
  if (!token) {
    if (reader.read('LATCHKEY_GITLAB_URL'))
      reader.refuse(
        'missing_variable',
        'LATCHKEY_GITLAB_TOKEN',
        'LATCHKEY_GITLAB_TOKEN is not set, and LATCHKEY_GITLAB_URL is; give the token that it is for.',
      );
    return null;
  }
  return { token, url };
};
