/** The part of the ports that keeps what was done. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { MissingLines, Recording } from '../../domain/grants/recording.ts';
import type { Json } from '../../domain/json.ts';
import type { SealedSecret } from '../grants/vault.ts';

/** One statement, as its target logged it, without secrets. */
export type RecordedStatement = { at: string; session: string; line: number; text: string; code: string | null };

/** Since `position`. `isAtEnd`: false where there is more to read at once. */
export type Recorded = {
  position: Json;
  statements: RecordedStatement[];
  sessions: number;
  missing: MissingLines[];
  lost: string[];
  isAtEnd: boolean;
};

/** `endedMs`: since it was closed; null while it lives. */
export type OpenRecording = Recording & { position: Json; grant: Grant; endedMs: number | null };

/** The statements of one look, encrypted. `sha256`: of the text. */
export type Segment = SealedSecret & { number: number; sha256: string; statements: number };

export type RecordingReads = {
  /** Takes recordings whose look is due and puts the next one off; of several processes one gets each. */
  takeRecordings(limit: number, everyMs: number): Promise<OpenRecording[]>;
  recording(grantId: string): Promise<Recording | null>;
  /** In their order; without those that were erased. */
  segments(grantId: string): Promise<Segment[]>;
};

export type RecordingWrites = {
  /** Once for each grant. */
  open(grantId: string): Promise<void>;
  /** False where another process looked meanwhile. `before`: as it was taken. */
  advance(before: OpenRecording, after: Recording & { position: Json }, dueInMs: number): Promise<boolean>;
  addSegment(grantId: string, segment: Segment): Promise<void>;
  /** Deletes segments that are older, and answers how many of how many grants there were. */
  eraseSegments(olderThanMs: number): Promise<{ segments: number; grants: number; before: Date }>;
};

export type RecordingAccess = {
  /** Whether what is done through it is recorded. Asks no target. */
  isRecorded(of: Pick<Grant, 'target' | 'scope'>): boolean;
  /** Of one target, in the order given. */
  recorded(target: string, items: { grant: Grant; position: Json }[]): Promise<Recorded[]>;
};
