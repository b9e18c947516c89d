/** The fields that credentials have, named alike for every kind of target: what the modal shows, what a job's environment holds. */
import type { CredentialField } from '../provider.ts';

const FIELDS = {
  host: { label: 'Host', secret: false },
  port: { label: 'Port', secret: false },
  database: { label: 'Database', secret: false },
  user: { label: 'User', secret: false },
  password: { label: 'Password', secret: true },
  url: { label: 'URL', secret: true },
  server: { label: 'Server', secret: false },
  token: { label: 'Token', secret: true },
  kubeconfig: { label: 'Kubeconfig', secret: true },
  command: { label: 'Command', secret: true },
  certificate: { label: 'Certificate', secret: false },
  known_hosts: { label: 'Keys of the hosts', secret: false },
  access_key_id: { label: 'Access key', secret: false },
  secret_access_key: { label: 'Secret key', secret: true },
  session_token: { label: 'Session token', secret: true },
  region: { label: 'Region', secret: false },
} as const satisfies Record<string, Pick<CredentialField, 'label' | 'secret'>>;

type FieldName = keyof typeof FIELDS;

/** `env`: the variable that the target's own clients read, or null where they read none. */
export const credential = (name: FieldName, value: string, env: string | null = null): CredentialField => ({
  name,
  ...FIELDS[name],
  env,
  value,
});

/** For a POSIX shell: nothing inside single quotes is special but the quote itself. */
export const shellQuoted = (text: string): string =>
  /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
