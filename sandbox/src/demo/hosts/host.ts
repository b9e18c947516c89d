/** A production host beside the demo's Postgres. It is there where its programs are on the machine. */
import type { WorldLogin, WorldSession } from '../world.ts';

export type Login = { user: string; password: string };

/** What was answered at a prompt. */
export type Answer = {
  columns: string[];
  /** The first 200. */
  rows: (string | null)[][];
  command: string;
  rowCount: number;
};

/** What a person does there with their own login. */
export type Session = {
  /** Rejects with what the host said. */
  run(text: string): Promise<Answer>;
  close(): Promise<void>;
  /** Called when it ended, by whomever. */
  onEnd(listener: (code: string | null) => void): void;
};

type Trouble = {
  /** `login`: nobody gets in with it. `denied`: the role may not do that. `full`: too many sessions. */
  kind: 'login' | 'denied' | 'full' | 'cut' | 'other';
  code: string | null;
};

/** What a host said no to, in its own words. */
export class HostError extends Error {
  readonly kind: Trouble['kind'];
  readonly code: string | null;
  constructor(message: string, { kind, code }: Trouble, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
  }
}

export type Way = {
  /** As people call it: Postgres, MariaDB. */
  title: string;
  open(login: Login): Promise<Session>;
};

export type HostFacts = { logins: WorldLogin[]; sessions: WorldSession[] };

export type RunningHost = Way & {
  /** Who can log in now, of those that Latchkey let in, and who is in. */
  look(): Promise<HostFacts>;
  /** The server's process; 0 where it ends with the demo's own. */
  pid: number;
  stop(): Promise<void>;
  /** Waits for nothing. */
  kill(): Promise<void>;
};

export type HostPlace = {
  dir: string;
  /** Outlives `--fresh`. */
  downloadDir: string;
  /** What `latchkey doctor --sql` prints for its target. */
  preparation(): Promise<string>;
  /** It was made and prepared by an earlier start. */
  isMade: boolean;
};

export const SHOWN_ROWS = 200;

/** Latchkey's own logins carry the id of their grant. */
export const grantIdOf = (user: string): string | null => /^lk_([0-9a-z]+)_/.exec(user)?.[1] ?? null;

export const loginOf = (
  server: string,
  user: string,
  { memberOf = [], canLogIn }: { memberOf?: string[]; canLogIn: boolean },
): WorldLogin => ({
  server,
  role: user,
  grantId: grantIdOf(user),
  person: null,
  memberOf,
  canLogIn,
  validUntil: null,
});

/** A prompt is for looking; what does not come back is given up. */
export const withinSeconds = async <T>(work: Promise<T>, seconds: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new HostError(`No answer within ${seconds} seconds.`, { kind: 'other', code: null }, null));
    }, seconds * 1_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};
