/** The demo's production as the page's side panel sees it. The demo implements it; the page draws it. */

/** A login of a host of production that people could use right now. Latchkey's own ones carry a grant id. */
export type WorldLogin = {
  /** Which host: Postgres, MariaDB. */
  server: string;
  role: string;
  grantId: string | null;
  person: string | null;
  memberOf: string[];
  canLogIn: boolean;
  /** ISO; null when it has no end. */
  validUntil: string | null;
};

export type WorldSession = { pid: number; role: string; state: string; query: string };

export type WorldState = {
  logins: WorldLogin[];
  sessions: WorldSession[];
  /** Live grants of the app, read from its database, so that the panel can count down. */
  grants: { id: string; person: string; target: string; role: string; state: string; expiresAt: string }[];
  checkedAt: string;
};

/** One prompt in the page: a real connection with real credentials to the host that they are for. */
export type WorldConnection = { id: string; user: string; server: string };
export type QueryResult =
  | { ok: true; columns: string[]; rows: (string | null)[][]; command: string; rowCount: number; ms: number }
  /** `isCut`: the session was ended from outside. `isDenied`: the role may not do that. */
  | { ok: false; message: string; code: string | null; isCut: boolean; isDenied: boolean; ms: number };

/** `missing`: why it cannot be tried here, and what to do about it. */
export type Quest = { id: string; title: string; hint: string; isDone: boolean; missing: string | null };

export type PipelineStep = { name: string; state: 'waiting' | 'running' | 'done' | 'failed' };

/** The pretend CI's one workflow, as it stands. */
export type Pipeline = {
  name: string;
  file: string;
  state: 'idle' | 'running' | 'done' | 'failed';
  steps: PipelineStep[];
  log: string[];
};

/** The demo that plays itself. `ready` until the first window is open; `left` when somebody would rather try it. */
export type Tour = {
  state: 'ready' | 'playing' | 'over' | 'left' | 'failed';
  caption: string;
  /** Which scene, from 1, of how many. */
  at: number;
  of: number;
  /** Whose window it is, and the channel in it. */
  as: string;
  where: string;
  lines: string[];
};

/** What happens around production: a deployment, an alert, the tour. Worlds of tests have none. */
export type Around = {
  pipeline(): Pipeline;
  runPipeline(): void;
  fireAlert(): Promise<void>;
  /** Null where it was not wanted. */
  tour(): Tour | null;
  startTour(): void;
  stopTour(): void;
};

export type World = {
  state(): Promise<WorldState>;
  /** Called whenever the state or the quests may have changed; returns how to stop. */
  subscribe(listener: () => void): () => void;
  /** Throws an Error whose message is fit for the page when the login is refused. */
  connect(login: { user: string; password: string }): Promise<WorldConnection>;
  query(connectionId: string, sql: string): Promise<QueryResult>;
  disconnect(connectionId: string): Promise<void>;
  /** Moves the real deadline of a live grant (in the app's store and in the target) to `inMs` from now; says so in the page. */
  endSoon(grantId: string, inMs: number): Promise<void>;
  quests(): Quest[];
  around?: Around;
};
