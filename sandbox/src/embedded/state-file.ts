/** What an embedded server needs to be found again by the next start: its port, password and process. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface ServerState {
  port: number;
  password: string;
  /** The server itself; 0 before its first start. */
  pid: number;
  /** The process that started it and will stop it. */
  ownerPid: number;
}

/** 144 random bits, safe in a URL and in a configuration file. */
export function newPassword(): string {
  return randomBytes(18).toString('base64url');
}

export function readState(file: string): ServerState | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as ServerState;
}

/** Written beside and renamed: a kill in the middle must not leave half a file and a database nobody can open. */
export function writeState(file: string, state: ServerState): void {
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
