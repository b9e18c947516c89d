/** Addresses and certificates that Latchkey cannot honour are refused when they are loaded, by their name, for its own database and for targets alike. */
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { databaseProblems } from '../../src/config/database.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { postgres } from '../../src/providers/postgres/postgres.ts';
import { policyInput } from '../../src/compose/policy-input.ts';

const PASSWORD = 'hunter22';
const BASE = `postgresql://latchkey:${PASSWORD}@db.internal:5432/orders`;
const AUTHORITY = rootCertificates[0] ?? '';
const [FIRST = '', ...OTHERS] = rootCertificates.slice(0, 120);

const ofDatabase = (url: string, ca: string | null = null): string[] =>
  databaseProblems({ url, ca }, {}).map(({ message }) => message);
const ofTarget = (url: string, ca: string | null = null): string[] =>
  postgres.configProblems({ url, ...(ca !== null && { ca }) }).map(({ message }) => message);

const PARAMETERS: [string, string][] = [
  ['ssl=true', 'parameter ssl: set sslmode=verify-full'],
  ['ssl=1', 'parameter ssl'],
  ['ssl=0', 'parameter ssl'],
  ['requiressl=1', 'parameter requiressl: set sslmode=verify-full'],
  ['sslmode=prefer', 'could fall back to plain text'],
  ['sslmode=allow', 'could fall back to plain text'],
  ['sslmode=no-verify', 'not one of disable, require, verify-ca, verify-full'],
  ['sslmode=', 'not one of'],
  ['sslmode=Require', 'not one of'],
  ['SSLMODE=require', 'parameter SSLMODE'],
  ['sslmode=disable&sslmode=verify-full', 'parameter sslmode twice'],
  ['sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem', 'sslrootcert, which names a file'],
  ['sslrootcert=system', 'needs sslmode=verify-full'],
  ['sslmode=require&sslrootcert=system', 'needs sslmode=verify-full'],
  ['sslmode=verify-ca', 'needs the certificate of the authority'],
  ['sslcert=/a.pem&sslkey=/a.key', 'holds no client certificate'],
  ['sslkey=/a.key', 'holds no client certificate'],
  ['sslcrl=/a.crl', 'revocation lists'],
  ['sslcrldir=/a', 'revocation lists'],
  ['sslmode=require&channel_binding=require', 'parameter channel_binding'],
  ['require_auth=scram-sha-256', 'parameter require_auth'],
  ['gssencmode=require', 'GSSAPI'],
  ['target_session_attrs=read-write', 'the primary'],
  ['options=-c%20role%3Dx', 'parameter options'],
  ['ssl_min_protocol_version=TLSv1.3', 'TLS 1.2'],
  ['sslnegotiation=direct', 'parameter sslnegotiation'],
  ['uselibpqcompat=true', 'parameter uselibpqcompat'],
  ['host=elsewhere.test', 'parameter host'],
  ['hostaddr=10.0.0.1', 'parameter hostaddr'],
  ['user=postgres', 'parameter user'],
  ['pgbouncer=true', 'parameter pgbouncer'],
  ['statement_timeout=0', 'parameter statement_timeout'],
];

describe('no parameter of an address is dropped in silence', () => {
  test.each(PARAMETERS)('%s', (query, sentence) => {
    for (const problems of [ofDatabase(`${BASE}?${query}`), ofTarget(`${BASE}?${query}`)]) {
      expect(problems).toEqual([expect.stringContaining(sentence)]);
      expect(problems.join()).not.toContain(PASSWORD);
    }
  });

  test.each(['sslmode=disable', 'sslmode=require', 'sslmode=verify-full', 'sslmode=verify-full&sslrootcert=system'])(
    '%s is honoured',
    (query) => {
      expect([ofDatabase(`${BASE}?${query}`), ofTarget(`${BASE}?${query}`)]).toEqual([[], []]);
    },
  );
});

const ADDRESSES: [string, string][] = [
  [`postgresql://latchkey:${PASSWORD}%E4@db.internal/orders`, 'not UTF-8'],
  [`postgresql://latch%FFkey:${PASSWORD}@db.internal/orders`, 'not UTF-8'],
  [`postgresql://latchkey:${PASSWORD}@db.internal/orders%E4`, 'not UTF-8'],
  [`postgresql://latchkey:${PASSWORD}%00@db.internal/orders`, 'not UTF-8'],
  [`postgresql://latchkey:${PASSWORD}%zz@db.internal/orders`, '%25'],
  [`postgresql://latchkey:${PASSWORD}@h1,h2/orders`, 'several hosts'],
  [`postgresql://latchkey:${PASSWORD}@h1:5432,h2:5433/orders`, 'several hosts'],
  [`postgresql://latchkey:${PASSWORD}@db.internal:0/orders`, 'port 0'],
  [`postgresql://latchkey:1?${PASSWORD}@db.internal/orders`, '%3F'],
  [`postgresql://latchkey:1#${PASSWORD}@db.internal/orders`, '%23'],
  [`${BASE}?sslmode=verify-full#x`, '%23'],
];

test.each(ADDRESSES)('%s is refused, and its password is not repeated', (url, sentence) => {
  for (const problems of [ofDatabase(url), ofTarget(url)]) {
    expect(problems).toEqual([expect.stringContaining(sentence)]);
    expect(problems.join()).not.toContain(PASSWORD);
  }
});

const FULL = `${BASE}?sslmode=verify-full`;
const KEY = '-----BEGIN PRIVATE KEY-----\nMEECAQAwEwYHKoZIzj0CAQ\n-----END PRIVATE KEY-----';
const CERTIFICATES: [string, string, string][] = [
  ['a path', '/etc/ssl/rds.pem', 'is a path, not a certificate'],
  ['a path to itself', './rds.crt', 'is a path, not a certificate'],
  ['the name of a file', 'global-bundle.pem', 'is a path, not a certificate'],
  ['words', 'the usual one', 'must be a certificate in PEM'],
  ['a private key', KEY, 'holds a private key'],
  ['a certificate with its key', `${AUTHORITY}\n${KEY}`, 'holds a private key'],
  ['half a certificate', AUTHORITY.slice(0, 400), 'cut off'],
  ['a bundle that breaks off', `${FIRST}\n${AUTHORITY.slice(0, 400)}`, 'cut off'],
  ['a certificate with a hole', AUTHORITY.replace(/\n[^\n]{60}/, '\n'), 'cannot be read (certificate 1 of 1)'],
  ['a request', AUTHORITY.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'), 'something else than certificates'],
];

describe('a CA', () => {
  test.each(CERTIFICATES)('%s is refused with what to do', (_title, ca, sentence) => {
    for (const problems of [ofDatabase(FULL, ca), ofTarget(FULL, ca)])
      expect(problems).toEqual([expect.stringContaining(sentence)]);
  });

  test.each([
    ['one certificate', AUTHORITY],
    ['a bundle of many', [FIRST, ...OTHERS].join('\n')],
    ['one with remarks between', `# of the cloud\n${FIRST}\n\n# another\n${AUTHORITY}\n`],
    ['line breaks as an env file writes them', AUTHORITY.replaceAll('\n', String.raw`\n`)],
  ])('%s is taken', (_title, ca) => {
    expect([ofDatabase(FULL, ca), ofTarget(FULL, ca)]).toEqual([[], []]);
  });

  test.each([BASE, `${BASE}?sslmode=disable`])('that would check nothing is refused: %s', (url) => {
    for (const problems of [ofDatabase(url, AUTHORITY), ofTarget(url, AUTHORITY)])
      expect(problems).toEqual([expect.stringContaining('nothing would be encrypted or checked')]);
  });

  test('beside sslrootcert=system is refused', () => {
    const url = `${FULL}&sslrootcert=system`;
    for (const problems of [ofDatabase(url, AUTHORITY), ofTarget(url, AUTHORITY)])
      expect(problems).toEqual([expect.stringContaining('contradict')]);
  });
});

test('two meanings for one target are refused', () => {
  const config = { url: `${BASE}?sslmode=disable`, sslmode: 'verify-full' };
  expect(postgres.configProblems(config)).toEqual([
    { path: 'sslmode', message: 'is verify-full, and disable in the url of the target: leave one out' },
  ]);
});

test.each(['PGSSLMODE', 'PGSSLROOTCERT', 'PGCHANNELBINDING', 'PGREQUIRESSL'])(
  '%s, which libpq would honour, is not dropped in silence',
  (name) => {
    const set = { [name]: 'require' };
    expect(databaseProblems({ url: BASE, ca: null }, set).map(({ message }) => message)).toEqual([
      expect.stringContaining(`${name} is set, and Latchkey does not read it`),
    ]);
    expect(databaseProblems({ url: FULL, ca: null }, set)).toEqual([]);
  },
);

describe('the environment', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-ca-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const bundle = path.join(folder, 'bundle.pem');
  writeFileSync(bundle, [FIRST, ...OTHERS].join('\n'));
  const ENVIRONMENT = {
    SLACK_BOT_TOKEN: 'xoxb-made-up',
    SLACK_APP_TOKEN: 'xapp-made-up',
    DATABASE_URL: FULL,
    REDIS_URL: 'redis://localhost:6379',
    LATCHKEY_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  };

  test('takes a bundle of all authorities of a cloud from a file', () => {
    const found = readEnvironment({ ...ENVIRONMENT, LATCHKEY_DATABASE_CA_FILE: bundle });
    expect(found).toMatchObject({ environment: { databaseCa: readFileSync(bundle, 'utf8').trim() } });
    expect(readFileSync(bundle).length).toBeGreaterThan(100_000);
  });

  test('refuses a path as LATCHKEY_DATABASE_CA, and says which name takes one', () => {
    expect(readEnvironment({ ...ENVIRONMENT, LATCHKEY_DATABASE_CA: bundle })).toMatchObject({
      problems: [
        {
          code: 'bad_certificate',
          path: 'LATCHKEY_DATABASE_CA',
          message: expect.stringContaining('LATCHKEY_DATABASE_CA_FILE') as string,
        },
      ],
    });
  });
});

const policyWith = (config: string): string => `version: 1
timezone: UTC
admins: [sam@acme.test]
targets:
  orders-db:
    provider: postgres
    owners: [olga@acme.test]
    config: ${config}
    roles:
      read: { scope: { member_of: [app_read] }, max: 1h }
rules:
  - name: An owner
    approvals: [{ from: owners }]
`;

const warningsFor = (config: string): string[] => {
  const loaded = loadPolicy(policyInput(policyWith(config), 'latchkey.yml', {}));
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.warnings.filter(({ code }) => code === 'unwise_config').map(({ message }) => message);
};

describe('what can be read on its way', () => {
  test.each([
    `{ url: "${BASE}" }`,
    `{ url: "${BASE}?sslmode=disable" }`,
    `{ url: "${BASE}", sslmode: disable }`,
    `{ url: "postgresql://latchkey:${PASSWORD}@10.0.0.7/orders" }`,
  ])('a target without TLS to another machine is warned of when the policy is loaded: %s', (config) => {
    const warnings = warningsFor(config);
    expect(warnings).toEqual([expect.stringContaining('is not encrypted')]);
    expect(warnings.join()).not.toContain(PASSWORD);
  });

  test.each([
    `{ url: "${FULL}" }`,
    `{ url: "${BASE}", sslmode: require }`,
    `{ url: "postgresql://latchkey:${PASSWORD}@localhost/orders" }`,
    `{ url: "postgresql://latchkey:${PASSWORD}@127.0.0.1/orders" }`,
    `{ url: "postgresql://latchkey:${PASSWORD}@[::1]/orders" }`,
  ])('and no other: %s', (config) => {
    expect(warningsFor(config)).toEqual([]);
  });
});
