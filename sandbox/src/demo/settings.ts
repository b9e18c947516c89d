/** What the demo makes up once and keeps: the key that encrypts credentials, and passwords of its own roles. */
import { randomBytes } from 'node:crypto';
import { readJson, writeFileWhole } from './files.ts';
import { newPassword } from '../embedded/state-file.ts';

/** `admin` may do everything; `latchkey` is the password of the account that Latchkey works as. */
export type HostSettings = { port: number; admin: string; latchkey: string };

/** Keys as ssh-keygen writes them; a line is a public one. */
export type WebSettings = {
  port: number;
  caKey: string;
  hostKey: string;
  hostLine: string;
  personKey: string;
  personLine: string;
};

export type Settings = {
  /** 32 bytes, base64. */
  secretKey: string;
  /** Signs the alerts of the demo's monitoring. */
  alertSecret: string;
  /** The app's own port, for its console and health; the page has another. 0 before the first start. */
  appPort: number;
  /** Of the hosts beside Postgres. */
  loyalty: HostSettings;
  cache: HostSettings;
  /** Null where it cannot be had, and before it was first tried. */
  web: WebSettings | null;
  /** The targets of those hosts that were made and prepared. */
  made: string[];
  passwords: { latchkey: string; shopAdmin: string; billingAdmin: string };
  /** SHA-256 of the policy as the demo wrote it: only an unedited one is replaced by a newer demo's. */
  policyHash: string;
};

const freshHost = (): HostSettings => ({ port: 0, admin: newPassword(), latchkey: newPassword() });

const fresh = (): Settings => ({
  secretKey: randomBytes(32).toString('base64'),
  alertSecret: randomBytes(32).toString('hex'),
  appPort: 0,
  loyalty: freshHost(),
  cache: freshHost(),
  web: null,
  made: [],
  passwords: { latchkey: newPassword(), shopAdmin: newPassword(), billingAdmin: newPassword() },
  policyHash: '',
});

export const readSettings = (file: string, onBroken: (movedTo: string) => void): Settings => ({
  ...fresh(),
  ...(readJson(file, onBroken) as Partial<Settings> | undefined),
});

export const writeSettings = (file: string, settings: Settings): void =>
  writeFileWhole(file, JSON.stringify(settings, null, 2));
