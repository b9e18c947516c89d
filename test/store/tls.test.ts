/** `sslmode` and CA certificates: the same word means the same for Latchkey's own database and for a target, on a server with real certificates. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { postgres } from '../../src/providers/postgres/postgres.ts';
import { createPool } from '../../src/store/client.ts';
import { schemaState } from '../../src/store/migrate.ts';
import { reaching } from '../../src/store/reaching.ts';
import { createLog } from '../../src/lib/log.ts';
import { connectTo, contextOf, failureOf } from '../providers/connection.ts';
import { createTarget, type Target } from '../providers/postgres/target.ts';
import { runCli } from '../support/process.ts';
import { startPrivatePostgres, type PrivateServer } from '../support/services.ts';
import { startTlsPostgres, type Authority, type Certificate, type TlsServer } from '../support/tls.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let server: TlsServer;
let target: Target;
let plain: PrivateServer;
let plainTarget: Target;

beforeAll(async () => {
  [server, plain] = await Promise.all([startTlsPostgres(), startPrivatePostgres()]);
  [target, plainTarget] = await Promise.all([createTarget(server.adminUrl), createTarget(plain.url)]);
});
afterAll(async () => {
  await Promise.all([target.drop(), plainTarget.drop()]);
  await Promise.all([server.remove(), plain.remove()]);
});

type Signer = Authority | 'selfSigned';
type Case = [Certificate | 'none', sslmode: string | null, trusted: Signer[], outcome: string];

const WANTS_TLS = 'it wants TLS: set sslmode=verify-full';
const UNKNOWN = 'signed by an authority that is not known here';
const OTHER_HOST = 'its certificate is for another host name';
const EXPIRED = 'has expired';
const SELF_SIGNED = 'its certificate is self-signed';
const NO_TLS = 'it has no TLS';
const ENCRYPTED = 'encrypted';

const CASES: Case[] = [
  ['good', null, [], WANTS_TLS],
  ['good', 'disable', [], WANTS_TLS],
  ['good', 'require', [], ENCRYPTED],
  ['good', 'require', ['ca'], ENCRYPTED],
  ['good', 'require', ['otherCa'], UNKNOWN],
  ['good', 'verify-ca', ['ca'], ENCRYPTED],
  ['good', 'verify-ca', ['otherCa'], UNKNOWN],
  ['good', 'verify-full', [], UNKNOWN],
  ['good', 'verify-full', ['ca'], ENCRYPTED],
  ['good', 'verify-full', ['otherCa'], UNKNOWN],
  ['good', 'verify-full', ['expiredCa', 'otherCa', 'ca'], ENCRYPTED],
  ['otherHost', 'require', [], ENCRYPTED],
  ['otherHost', 'require', ['ca'], ENCRYPTED],
  ['otherHost', 'verify-ca', ['ca'], ENCRYPTED],
  ['otherHost', 'verify-full', ['ca'], OTHER_HOST],
  ['expired', 'require', [], ENCRYPTED],
  ['expired', 'verify-ca', ['ca'], EXPIRED],
  ['expired', 'verify-full', ['ca'], EXPIRED],
  ['ofExpiredCa', 'verify-full', ['expiredCa'], EXPIRED],
  ['selfSigned', 'require', [], ENCRYPTED],
  ['selfSigned', 'verify-full', [], SELF_SIGNED],
  ['selfSigned', 'verify-full', ['ca'], SELF_SIGNED],
  ['selfSigned', 'verify-full', ['selfSigned'], ENCRYPTED],
  ['none', null, [], 'plain text'],
  ['none', 'disable', [], 'plain text'],
  ['none', 'require', [], NO_TLS],
  ['none', 'verify-full', [], NO_TLS],
];

const addressOf = (certificate: Case[0], sslmode: string | null): string => {
  const url = new URL((certificate === 'none' ? plainTarget : target).managerUrl);
  if (sslmode) url.searchParams.set('sslmode', sslmode);
  return url.href;
};
const bundleOf = (trusted: Signer[]): string | null => trusted.map((name) => server.pem[name]).join('\n') || null;

const ENCRYPTION = `select case when ssl then 'encrypted' else 'plain text' end as how from pg_stat_ssl where pid = pg_backend_pid()`;

const ofDatabase = async (url: string, ca: string | null): Promise<string> => {
  const pool = createPool({ url, ca, log: createLog('silent'), max: 1 });
  try {
    const { rows } = await reaching({ url, ca }, () => pool.query<{ how: string }>(ENCRYPTION));
    return rows[0]?.how ?? '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await pool.end();
  }
};

/** How the login is connected is told by the server; what went wrong by the provider. */
const ofTarget = async (url: string, ca: string | null): Promise<string> => {
  const connection = connectTo(postgres, { url, ...(ca !== null && { ca }) });
  const { sql, manager } = url.includes(new URL(plain.url).port) ? plainTarget : target;
  const how = `select case when ssl then 'encrypted' else 'plain text' end as how from pg_stat_ssl join pg_stat_activity using (pid) where usename = $1`;
  try {
    const findings = await connection.preflight?.({}, contextOf());
    const failed = findings?.find(({ level }) => level === 'error');
    if (failed) {
      expect(failed.code).toBe('misconfigured');
      return failed.message;
    }
    const [row] = await sql<{ how: string }>(how, [manager]);
    return row?.how ?? '';
  } finally {
    await connection.disconnect();
  }
};

describe('one meaning for both', () => {
  test.each(CASES)(
    'a server with the certificate %s, sslmode %s, trusting %j: %s',
    async (...[certificate, sslmode, trusted, outcome]) => {
      if (certificate !== 'none') await server.show(certificate);
      const [url, ca] = [addressOf(certificate, sslmode), bundleOf(trusted)];
      expect(await ofDatabase(url, ca)).toContain(outcome);
      expect(await ofTarget(url, ca)).toContain(outcome);
    },
  );

  test('what Node is told to let pass is not let pass', async () => {
    await server.show('selfSigned');
    const url = addressOf('selfSigned', 'verify-full');
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    try {
      expect(await ofDatabase(url, null)).toContain(SELF_SIGNED);
      expect(await ofTarget(url, null)).toContain(SELF_SIGNED);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('the state of the schema is read the same way', async () => {
    await server.show('good');
    const address = { url: addressOf('good', 'verify-full'), ca: bundleOf(['ca']) };
    expect(await schemaState(address)).toMatchObject({ state: 'empty' });
  });

  test('a grant that cannot begin says that it touched nothing', async () => {
    await server.show('good');
    const connection = connectTo(postgres, { url: addressOf('good', null) });
    expect(await failureOf(connection.grant({ member_of: [target.read] }, contextOf()))).toMatchObject({
      kind: 'misconfigured',
      isRetried: false,
      isUntouched: true,
    });
    await connection.disconnect();
  });
});

const FAULTS: [string, Certificate | 'none', string | null, string][] = [
  ['a server that wants TLS', 'good', null, WANTS_TLS],
  ['a private authority', 'good', 'verify-full', UNKNOWN],
  ['a certificate that is self-signed', 'selfSigned', 'verify-full', SELF_SIGNED],
  ['a server without TLS', 'none', 'require', NO_TLS],
];
const COMMANDS = [['migrate'], ['audit', 'verify']];

describe('commands say it in one sentence, exit with 1 and print no stack', () => {
  test.each(FAULTS)('%s', async (...[, certificate, sslmode, sentence]) => {
    if (certificate !== 'none') await server.show(certificate);
    const DATABASE_URL = addressOf(certificate, sslmode);
    for (const command of COMMANDS) {
      const { code, out, err } = await runCli(command, { DATABASE_URL });
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(sentence);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect(err).not.toContain(new URL(DATABASE_URL).password);
    }
  });

  test('migrate works with the authority from a file, whatever the server shows besides, and warns of nothing', async () => {
    await server.show('good');
    const superuser = new URL(target.superuserUrl);
    superuser.searchParams.set('sslmode', 'verify-full');
    const env = { DATABASE_URL: superuser.href, LATCHKEY_DATABASE_CA_FILE: server.file('ca') };
    const { code, err } = await runCli(['migrate'], env);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
