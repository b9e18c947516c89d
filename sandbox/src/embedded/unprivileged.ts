/** Postgres refuses to run as root: which user it runs as instead, and what that user can reach. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export interface RunAs {
  uid: number;
  gid: number;
}

/** The user a server started by root runs as; undefined when we are not root. initdb needs a user with a passwd entry. */
export function unprivilegedUser(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = entries.find(([name]) => name === 'postgres') ?? entries.find(([name]) => name === 'nobody');
  if (!entry)
    throw new Error(
      'Postgres does not run as root, and this system has neither a "postgres" nor a "nobody" user. Start as another user.',
    );
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** True when any user may walk down to the path. In root's private home (mode 0700) they may not. */
export function isReachableByAll(target: string): boolean {
  const resolved = path.resolve(target);
  if (existsSync(resolved) && (statSync(resolved).mode & 0o001) === 0) return false;
  const parent = path.dirname(resolved);
  return parent === resolved || isReachableByAll(parent);
}
