export const WORK_KINDS = [
  'activate',
  'end',
  'extend',
  'notify',
  'announce',
  'pre_approval',
  'incident',
  'revocation',
  'alert',
  'github',
  'campaign',
  'report',
] as const;

/** Outgoing work: activate or end a grant, move its end, bring the Slack messages of a request or of an incident up to date, or notify admins. */
export type WorkKind = (typeof WORK_KINDS)[number];

/** One row of the outbox. `subjectId` is a grant id for activate and end, a request id for extend and notify, an announcement's for announce. */
export type Work = {
  id: string;
  kind: WorkKind;
  subjectId: string;
  /** How long until it may be done, by the database clock; 0 when it may be done now. */
  delayMs: number;
  /** Which hand-over to Redis this is, from 1; 0 or less while a process keeps it to do it itself. */
  dispatches: number;
};

/** As it is handed out. `principalId`: whose request or access it is about; null where it is about neither. */
export type HandedOut = Work & { principalId: string | null };

/** What a committed transaction wrote into the outbox: rows that this process keeps to do at once, and when the first of the others may be done. */
export type Written = { kept: TakenWork[]; othersInMs: number | null };

/** How long after it is due work is late: once it was handed to Redis, and while it waits to be. */
export type Late = { handedOutMs: number; waitingMs: number };

/** What settles a row: it is the one that was read, and no other process has taken it since. */
export type TakenWork = Omit<Work, 'delayMs'>;

/** The outbox, for those who hand its rows out and settle them. */
export type OutboxStore = {
  /** Marks up to `limit` rows as dispatched and returns them; rows another process holds are skipped. */
  take(limit: number): Promise<HandedOut[]>;
  /** The row that a job names, when it is of that kind and that hand-over; else null. */
  find(named: Pick<Work, 'id' | 'kind' | 'dispatches'>): Promise<Work | null>;
  /** Deletes the row, if it is still as it was taken. */
  done(work: TakenWork): Promise<void>;
  /** Puts a row back for `retryInMs` later with the error, if it is still as it was taken. */
  postpone(work: TakenWork, error: string, retryInMs: number): Promise<void>;
  /** Puts back rows that could not be handed to Redis. They are due when they were. */
  release(work: TakenWork[], error: string): Promise<void>;
  /** Puts back all rows that were handed to Redis and are not done: its data was lost. */
  putBack(): Promise<number>;
  /** The kinds of work that were not done in time. */
  lateKinds(late: Late): Promise<WorkKind[]>;
  /** Takes up to `limit` of the late rows of a kind, for this process to do itself. */
  keepLate(kind: WorkKind, late: Late & { limit: number }): Promise<TakenWork[]>;
};
