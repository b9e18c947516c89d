/** What somebody gets in with: a certificate for their own key, made when it is shown and never kept. No private key ever leaves its owner. */
import { readSshPublicKey } from '../../lib/ssh-public-key.ts';
import { credential, shellQuoted } from '../kit/credentials.ts';
import { ProviderError, type Instructions, type Issued, type ProviderContext } from '../provider.ts';
import { knownHostName } from './address.ts';
import { certificateFor } from './certificate.ts';
import type { Handle, Host, Scope, Settings } from './config.ts';

const CERTIFICATE_FILE = '~/.ssh/latchkey-cert.pub';
const KNOWN_HOSTS_FILE = '~/.ssh/latchkey_known_hosts';
/** By file name, as ssh-keygen calls them. */
const KEY_FILES: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'id_ed25519',
  'ssh-rsa': 'id_rsa',
  'sk-ssh-ed25519@openssh.com': 'id_ed25519_sk',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'id_ecdsa_sk',
};

const commandFor = (host: Host, user: string, keyFile: string): string =>
  [
    'ssh',
    `-i ~/.ssh/${keyFile}`,
    `-o CertificateFile=${CERTIFICATE_FILE}`,
    `-o UserKnownHostsFile=${KNOWN_HOSTS_FILE}`,
    ...(host.port === 22 ? [] : [`-p ${host.port}`]),
    `${user}@${host.host}`,
  ].join(' ');

const MOST_COMMANDS = 20;

export const issue = (
  { hosts, ca }: Settings,
  { scope, handle: { user }, publicKey }: { scope: Scope; handle: Handle; publicKey: string },
  { expiresAt }: Pick<ProviderContext, 'expiresAt'>,
): Issued => {
  const read = readSshPublicKey(publicKey);
  if ('problem' in read) throw new ProviderError('misconfigured', `The public key ${read.problem}.`);
  const wish = {
    account: user,
    now: new Date(),
    expiresAt,
    canForward: scope.forward ?? false,
    command: scope.command ?? null,
  };
  const certificate = certificateFor(ca, read.key, wish);
  const keyFile = KEY_FILES[read.key.type] ?? 'id_ecdsa';
  const shown = { user, certificate, fingerprint: read.key.fingerprint, keyFile };
  return { secret: { fields: fieldsOf(hosts, shown) }, instructions: instructionsOf(hosts, shown) };
};

type Shown = { user: string; certificate: string; fingerprint: string; keyFile: string };

const knownHosts = (hosts: Settings['hosts']): string[] =>
  hosts.map((host) => `${knownHostName(host)} ${host.keyLine}`);

const fieldsOf = (hosts: Settings['hosts'], { user, certificate, keyFile }: Shown): Issued['secret']['fields'] => {
  const [first] = hosts;
  return [
    credential('host', first.host),
    credential('port', String(first.port)),
    credential('user', user),
    credential('command', commandFor(first, user, keyFile)),
    credential('certificate', certificate),
    credential('known_hosts', knownHosts(hosts).join('\n')),
  ];
};

const instructionsOf = (hosts: Settings['hosts'], { user, certificate, fingerprint, keyFile }: Shown): Instructions => {
  const [first, ...others] = hosts;
  const known = knownHosts(hosts).map(shellQuoted);
  return {
    text:
      `The certificate is for the key ${fingerprint}. Save it as ${CERTIFICATE_FILE}, then connect. ` +
      `If your private key has another name than ~/.ssh/${keyFile}, change it in the command. ` +
      'After an extension show the credentials again: this certificate ends at the time it was made for.',
    commands: [
      { label: 'Save the certificate', command: `printf '%s\\n' ${shellQuoted(certificate)} > ${CERTIFICATE_FILE}` },
      { label: 'Save the keys of the hosts', command: `printf '%s\\n' ${known.join(' ')} > ${KNOWN_HOSTS_FILE}` },
      { label: 'Command', command: commandFor(first, user, keyFile) },
      ...others
        .slice(0, MOST_COMMANDS)
        .map((host) => ({ label: `Command for ${host.name}`, command: commandFor(host, user, keyFile) })),
    ],
  };
};
