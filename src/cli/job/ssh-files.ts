/** What OpenSSH reads of credentials for hosts: a key of this job, its certificate, the keys of the hosts, and a configuration that names them. */
import { generateKeyPairSync } from 'node:crypto';
import type { Field } from './answers.ts';
import { usedWrongly } from './failure.ts';

/** Holds the folder of the files: `ssh -F "$LATCHKEY_SSH/config" host`. */
export const SSH_VARIABLE = 'LATCHKEY_SSH';

const TYPE = 'ecdsa-sha2-nistp256';
const CURVE = 'nistp256';

/** RFC 4251, section 5: a length in four bytes, and the bytes. */
const sshString = (bytes: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(bytes));
  return Buffer.concat([length, Buffer.from(bytes)]);
};

/** ECDSA, since OpenSSH of every age reads its private key as Node writes it. `publicKey` is one line, as RFC 5656, section 3.1, has it. */
export const createKeyPair = (): { publicKey: string; privateKey: string } => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const blob = Buffer.concat([sshString(TYPE), sshString(CURVE), sshString(point)]);
  const privateKey = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  return { publicKey: `${TYPE} ${blob.toString('base64')} latchkey`, privateKey };
};

/** `[web-1.acme.test]:2222 ssh-ed25519 AAAA…`: what the configuration says of a host that has a port of its own. */
const WITH_PORT = /^\[([\w.:-]+)\]:(\d{1,5}) /;
const USER = /^[\w.-]+$/;

const portLines = (knownHosts: string): string[] =>
  knownHosts.split('\n').flatMap((line) => {
    const [, host, port] = WITH_PORT.exec(line) ?? [];
    return host && port ? [`Host ${host}`, `  Port ${port}`] : [];
  });

/** OpenSSH from 8.4 on puts the folder in place of the variable, wherever the files lie. */
const configOf = (user: string, knownHosts: string): string => {
  const at = (file: string): string => `"\${${SSH_VARIABLE}}/${file}"`;
  return `${[
    ...portLines(knownHosts),
    'Host *',
    `  User ${user}`,
    `  IdentityFile ${at('key')}`,
    `  CertificateFile ${at('key-cert.pub')}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${at('known_hosts')}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  BatchMode yes',
  ].join('\n')}\n`;
};

/** By name. Null where the credentials are for no SSH host. */
export const sshFiles = (fields: readonly Field[]): Record<string, string> | null => {
  const valueOf = (name: string): string => fields.find((field) => field.name === name)?.value ?? '';
  const [key, certificate, knownHosts] = [valueOf('private_key'), valueOf('certificate'), valueOf('known_hosts')];
  if (key === '' || certificate === '') return null;
  const user = valueOf('user');
  if (!USER.test(user)) throw usedWrongly('The server names no account for the hosts of this access.');
  return {
    key,
    'key-cert.pub': `${certificate}\n`,
    known_hosts: `${knownHosts}\n`,
    config: configOf(user, knownHosts),
  };
};
