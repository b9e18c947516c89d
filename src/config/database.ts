/** DATABASE_URL and LATCHKEY_DATABASE_CA: what is wrong with them, for `serve` and for commands that need nothing else. */
import { caProblem } from '../lib/certificates.ts';
import { tlsProblem } from '../lib/postgres-tls.ts';
import { readPostgresUrl, urlProblem } from '../lib/postgres-url.ts';
import type { ConfigProblem } from './problem.ts';
import type { Variables } from './variable.ts';

const URL_NAME = 'DATABASE_URL';
const CA_NAME = 'LATCHKEY_DATABASE_CA';
const CA_FILE = `set ${CA_NAME}_FILE to that path`;

/** libpq and its like read these; Latchkey does not, and somebody may count on them. */
const OF_LIBPQ = [
  'PGSSLMODE',
  'PGREQUIRESSL',
  'PGSSLROOTCERT',
  'PGSSLCRL',
  'PGSSLCERT',
  'PGSSLKEY',
  'PGCHANNELBINDING',
  'PGREQUIREAUTH',
  'PGGSSENCMODE',
  'PGTARGETSESSIONATTRS',
  'PGOPTIONS',
];

const NO_DATABASE_ADDRESS = `${URL_NAME} is no address that starts with postgres:// or postgresql://; correct it (special characters of the password as %XX).`;

const isAddress = (url: string): boolean => URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol);

const problem = (code: string, path: string, message: string): ConfigProblem => ({ code, path, line: null, message });

const addressProblem = (url: string): string | null => {
  const wrong = urlProblem(url, { fromFile: CA_FILE });
  if (wrong === null) return null;
  return isAddress(url) || wrong.startsWith('names') ? `${URL_NAME} ${wrong}.` : NO_DATABASE_ADDRESS;
};

/** `ca`: null where none is given. No message holds anything of the password. */
export const databaseProblems = ({ url, ca }: { url: string; ca: string | null }, env: Variables): ConfigProblem[] => {
  const wrongUrl = addressProblem(url);
  const wrongCa = ca === null ? null : caProblem(ca, CA_FILE);
  const found = [
    ...(wrongUrl === null ? [] : [problem('bad_url', URL_NAME, wrongUrl)]),
    ...(wrongCa === null ? [] : [problem('bad_certificate', CA_NAME, `${CA_NAME} ${wrongCa}.`)]),
  ];
  if (found.length > 0) return found;
  const { sslmode, hasSystemRoots } = readPostgresUrl(url);
  const together = tlsProblem({ sslmode, ca, hasSystemRoots }, { ca: CA_NAME, sslmode: `sslmode in ${URL_NAME}` });
  if (together !== null) return [problem('bad_tls', ca === null ? URL_NAME : CA_NAME, together)];
  const unread = sslmode === null ? OF_LIBPQ.find((name) => env[name]?.trim()) : undefined;
  if (unread === undefined) return [];
  const message = `${unread} is set, and Latchkey does not read it: write sslmode into ${URL_NAME}, and unset ${unread}.`;
  return [problem('bad_tls', URL_NAME, message)];
};
