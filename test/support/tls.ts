/** A Postgres with TLS and certificates made for the test: signed by an own authority, for another host, expired, self-signed. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { unprivilegedUser } from '../../sandbox/src/embedded/unprivileged.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { startPrivateServer, testServices } from './services.ts';

export const CERTIFICATES = ['good', 'otherHost', 'expired', 'ofExpiredCa', 'selfSigned'] as const;
export type Certificate = (typeof CERTIFICATES)[number];
const AUTHORITIES = ['ca', 'otherCa', 'expiredCa'] as const;
export type Authority = (typeof AUTHORITIES)[number];

export type TlsServer = {
  /** Superuser, let in without TLS; nobody else is. */
  adminUrl: string;
  /** PEM texts. */
  pem: Record<Authority | 'selfSigned', string>;
  /** Files, for what reads files. */
  file: (name: Authority | 'selfSigned') => string;
  /** The certificate that the server shows from now on. */
  show: (certificate: Certificate) => Promise<void>;
  remove: () => Promise<void>;
};

const PAST = ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'];
const VALID = ['-days', '30'];
const CONFIG = `[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
`;

type Wanted = { by?: Authority; extensions: string; time?: string[] };

/** `openssl ca`, since that alone can make what has expired. */
const createMaker = (folder: string) => {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(path.join(folder, 'ca.cnf'), CONFIG);
  writeFileSync(path.join(folder, 'index.txt'), '');
  writeFileSync(path.join(folder, 'serial'), '01\n');
  return (name: string, { by, extensions, time = VALID }: Wanted): void => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(path.join(folder, `${name}.ext`), extensions);
    const signer = by ? ['-cert', `${by}.pem`, '-keyfile', `${by}.key`] : ['-selfsign', '-keyfile', `${name}.key`];
    const common = ['-config', 'ca.cnf', '-batch', '-notext', '-extfile', `${name}.ext`];
    openssl('ca', ...common, '-in', `${name}.csr`, '-out', `${name}.pem`, ...signer, ...time);
  };
};

const HERE = 'subjectAltName=IP:127.0.0.1';

const makeCertificates = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-tls-'));
  chmodSync(folder, 0o755);
  const make = createMaker(folder);
  const authority = 'basicConstraints=critical,CA:true';
  make('ca', { extensions: authority });
  make('otherCa', { extensions: authority });
  make('expiredCa', { extensions: authority, time: PAST });
  make('selfSigned', { extensions: HERE });
  make('good', { by: 'ca', extensions: HERE });
  make('otherHost', { by: 'ca', extensions: 'subjectAltName=DNS:db.other.test' });
  make('expired', { by: 'ca', extensions: HERE, time: PAST });
  make('ofExpiredCa', { by: 'expiredCa', extensions: HERE });
  return folder;
};

const HBA = 'host all postgres 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n';

const sqlAs = async (url: string, text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, ssl: false });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
};

/** Asks for TLS as every client of Postgres does. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);

/** The fingerprint that a new connection is shown, whoever it trusts. */
const shownAt = async (port: number): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(SSL_REQUEST);
  await once(socket, 'data');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const shown = secure.getPeerX509Certificate()?.fingerprint256 ?? '';
  secure.destroy();
  return shown;
};

/** The postmaster reads its files a moment after it was told to. */
const untilShown = async (port: number, pem: string): Promise<void> => {
  const { fingerprint256 } = new X509Certificate(pem);
  await waitUntil(async () => (await shownAt(port)) === fingerprint256, {
    timeoutMs: 60_000,
    what: 'the server to show its other certificate',
  });
};

export const startTlsPostgres = async (): Promise<TlsServer> => {
  const folder = makeCertificates();
  const user = unprivilegedUser();
  const at = (name: string): string => path.join(folder, name);
  const place = (name: Certificate): void => {
    for (const kind of ['pem', 'key']) {
      copyFileSync(at(`${name}.${kind}`), at(`server.${kind}`));
      chmodSync(at(`server.${kind}`), 0o600);
      if (user) chownSync(at(`server.${kind}`), user.uid, user.gid);
    }
  };
  place('good');
  writeFileSync(at('hba.conf'), HBA, { mode: 0o644 });
  const settings = ['ssl=on', `ssl_cert_file=${at('server.pem')}`, `ssl_key_file=${at('server.key')}`];
  const server = await startPrivateServer(testServices(), (inside) =>
    startPostgres(inside, { isForTests: true, settings: [...settings, `hba_file=${at('hba.conf')}`] }),
  );
  const text = (name: string): string => readFileSync(at(`${name}.pem`), 'utf8');
  const names = [...AUTHORITIES, 'selfSigned'] as const;
  return {
    adminUrl: server.url,
    pem: Object.fromEntries(names.map((name) => [name, text(name)])) as TlsServer['pem'],
    file: (name) => at(`${name}.pem`),
    show: async (certificate) => {
      place(certificate);
      await sqlAs(server.url, 'select pg_reload_conf()');
      await untilShown(server.port, text(certificate));
    },
    remove: async () => {
      await server.remove();
      rmSync(folder, { recursive: true });
    },
  };
};
