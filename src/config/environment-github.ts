/** The GitHub App of gates and pull requests. */
import { isLocalHttp } from '../lib/local-http.ts';
import { isRsaKey } from '../lib/rsa-key.ts';

type Reader = { read(name: string): string | null; refuse(code: string, name: string, message: string): void };

/** Null where no App is set. `apiUrl` without a trailing slash; `secrets` empty where no delivery could be believed. */
export type GithubEnvironment = { appId: string; key: string; apiUrl: string; secrets: string[] } | null;

const API = 'https://api.github.com';

const readAddress = (reader: Reader): string => {
  const name = 'LATCHKEY_GITHUB_API_URL';
  const text = reader.read(name);
  if (text === null || text === '') return API;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url &&
    (url.protocol === 'https:' || isLocalHttp(url)) &&
    !url.search &&
    !url.hash &&
    !url.username &&
    !url.password
  )
    return text.replace(/\/+$/, '');
  const message = `${name} is no https address such as https://ghe.acme.test/api/v3; plain http is for this machine alone.`;
  reader.refuse('bad_url', name, message);
  return API;
};

const readKey = (reader: Reader): string => {
  const name = 'LATCHKEY_GITHUB_APP_KEY';
  // One line of an environment file holds the breaks as two characters.
  const pem = (reader.read(name) ?? '').replaceAll(String.raw`\n`, '\n');
  if (pem === '')
    reader.refuse(
      'missing_variable',
      name,
      `${name} is not set; give the private key that GitHub made for the App (or its file as ${name}_FILE).`,
    );
  else if (!isRsaKey(pem))
    reader.refuse('bad_key', name, `${name} is no RSA private key in PEM; take the file that GitHub made for the App.`);
  return pem;
};

/** Several with commas between, to change one after the other. */
const readSecrets = (reader: Reader): string[] => {
  const name = 'LATCHKEY_GITHUB_WEBHOOK_SECRET';
  const secrets = (reader.read(name) ?? '').split(',').flatMap((part) => part.trim() || []);
  if (secrets.some(({ length }) => length < 16))
    reader.refuse(
      'weak_secret',
      name,
      `${name} is shorter than 16 characters; make one with \`openssl rand -hex 32\`.`,
    );
  return secrets;
};

export const readGithub = (reader: Reader): GithubEnvironment => {
  const appId = reader.read('LATCHKEY_GITHUB_APP_ID');
  const secrets = readSecrets(reader);
  const apiUrl = readAddress(reader);
  if (!appId) {
    if (secrets.length > 0 || reader.read('LATCHKEY_GITHUB_APP_KEY'))
      reader.refuse(
        'missing_variable',
        'LATCHKEY_GITHUB_APP_ID',
        'LATCHKEY_GITHUB_APP_ID is not set, and other settings of the App are; give the id that stands on its page.',
      );
    return null;
  }
  const key = readKey(reader);
  if (secrets.length === 0)
    reader.refuse(
      'missing_variable',
      'LATCHKEY_GITHUB_WEBHOOK_SECRET',
      'LATCHKEY_GITHUB_WEBHOOK_SECRET is not set; give the webhook secret of the App.',
    );
  return { appId, key, apiUrl, secrets };
};
