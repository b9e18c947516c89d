/** A real OpenLDAP server from the machine's own package, on loopback, with its data in a private folder; for tests only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { endProcess, logTail, spawnServer } from '../../sandbox/src/embedded/process.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';

export const SUFFIX = 'dc=acme,dc=test';
const ROOT = `cn=admin,${SUFFIX}`;
const ROOT_PASSWORD = 'only-for-tests';

export type Slapd = {
  url: string;
  tlsUrl: string;
  /** PEM of its authority. */
  ca: string;
  /** As the administrator; what the tool prints. Throws where it fails. */
  modify: (ldif: string) => string;
  /** `as`: DN and password; the result code and what it printed. */
  modifyAs: (as: readonly [string, string], ldif: string) => { status: number | null; text: string };
  /** Values of an attribute of an entry, as the administrator. */
  values: (dn: string, attribute: string) => string[];
  setPassword: (dn: string, password: string) => void;
  kill: () => Promise<void>;
  start: () => Promise<void>;
  stop: () => Promise<void>;
};

/** `access`: rules that stand before those of every server. `isKeepingUp`: members of groups follow renamed entries, as in Active Directory. */
type Settings = { access: readonly string[]; isKeepingUp: boolean };

const PLACES = ['/usr/sbin/slapd', '/usr/libexec/slapd', '/usr/local/libexec/slapd'];

/** What is missing is said, and never skipped. */
const program = (): string => {
  const found = PLACES.find((place) => existsSync(place));
  const tools = spawnSync('ldapmodify', ['-VV'], { encoding: 'utf8' });
  if (found && !tools.error) return found;
  throw new Error('Found no slapd with its tools. Install them (Debian: apt-get install slapd ldap-utils).');
};

const REFINT = 'overlay refint\nrefint_attributes member uniqueMember';

const configOf = (folder: string, { access, isKeepingUp }: Settings): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
${isKeepingUp ? 'moduleload refint' : ''}
TLSCACertificateFile ${folder}/ca.pem
TLSCertificateFile ${folder}/server.pem
TLSCertificateKeyFile ${folder}/server.key
database mdb
suffix "${SUFFIX}"
rootdn "${ROOT}"
rootpw ${ROOT_PASSWORD}
directory ${folder}/data
maxsize 67108864
dbnosync
${access.map((rule) => `access ${rule}`).join('\n')}
access to attrs=userPassword by self write by anonymous auth by * none
access to attrs=member by dnattr=owner write by users read
access to * by users read
${isKeepingUp ? REFINT : ''}
`;

const makeCertificates = (folder: string): void => {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Test CA');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(path.join(folder, 'ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'ext'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...sign);
};

const FIRST = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
o: Acme

dn: ou=people,${SUFFIX}
objectClass: organizationalUnit

dn: ou=groups,${SUFFIX}
objectClass: organizationalUnit

dn: ou=services,${SUFFIX}
objectClass: organizationalUnit
`;

const isListening = async (port: number): Promise<boolean> =>
  await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export const startSlapd = async (access: readonly string[] = [], isKeepingUp = false): Promise<Slapd> => {
  const slapd = program();
  const folder = mkdtempSync(path.join(tmpdir(), 'lk-slapd-'));
  mkdirSync(path.join(folder, 'data'));
  makeCertificates(folder);
  const config = path.join(folder, 'slapd.conf');
  writeFileSync(config, configOf(folder, { access, isKeepingUp }));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [url, tlsUrl] = [`ldap://127.0.0.1:${port}`, `ldaps://localhost:${tlsPort}`];
  const logFile = path.join(folder, 'slapd.log');
  let pid = 0;
  const start = async (): Promise<void> => {
    const addresses = `${url}/ ldaps://127.0.0.1:${tlsPort}/`;
    const args = ['-d', '0', '-f', config, '-h', addresses];
    const server = spawnServer({ command: slapd, args, env: {}, logFile });
    await waitUntil(async () => server.exit() !== undefined || (await isListening(port)), {
      timeoutMs: 60_000,
      what: 'slapd to listen',
    });
    if (server.exit() !== undefined) throw new Error(`slapd did not start (${server.exit()}): ${logTail(logFile)}`);
    pid = server.pid;
  };
  await start();
  const kill = async (): Promise<void> => await endProcess(pid, 'SIGKILL');
  const run = ([tool, ...args]: [string, ...string[]], as: readonly [string, string], input = '') => {
    const given = ['-x', '-H', url, '-D', as[0], '-w', as[1], ...args];
    const { status, stdout, stderr } = spawnSync(tool, given, { input, encoding: 'utf8' });
    return { status, text: `${stdout}${stderr}` };
  };
  const asRoot = (tool: string, args: string[], input = ''): string => {
    const { status, text } = run([tool, ...args], [ROOT, ROOT_PASSWORD], input);
    if (status !== 0) throw new Error(`${tool} ended with ${String(status)}: ${text}`);
    return text;
  };
  const modify = (ldif: string): string => asRoot('ldapmodify', ['-a'], ldif);
  modify(FIRST);
  return {
    url,
    tlsUrl,
    ca: readFileSync(path.join(folder, 'ca.pem'), 'utf8'),
    modify,
    modifyAs: (as, ldif) => run(['ldapmodify'], as, ldif),
    values: (dn, attribute) =>
      asRoot('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-s', 'base', '-b', dn, attribute])
        .split('\n')
        .flatMap((line) => {
          const [, isCoded, value = ''] = new RegExp(`^${attribute}:(:?) ?(.*)$`, 'i').exec(line) ?? [];
          if (isCoded === undefined) return [];
          return [isCoded === ':' ? Buffer.from(value, 'base64').toString() : value];
        }),
    setPassword: (dn, password) => void asRoot('ldappasswd', ['-s', password, dn]),
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
