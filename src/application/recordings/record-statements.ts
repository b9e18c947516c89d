/** Collects what was done through recorded access. Each look leaves a sealed segment and an event with its digest, or nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { segmentOwner } from '../../domain/grants/recording.ts';
import type { Recording } from '../../domain/grants/recording.ts';
import type { Deps, Tx } from '../deps.ts';
import { entryOf } from '../record/audit-entry.ts';
import type { OpenRecording, Recorded, RecordedStatement, Segment } from './recording-ports.ts';

const EVERY_MS = 10_000;
/** A target that does not answer is read less often. */
const FAILED_MS = 60_000;
const LIMIT = 200;
/** What a session said last stands in the log some time after it was cut. */
const SETTLED_MS = 8_000;
/** A target that did not answer for so long after the end is not waited for any more. */
const GIVEN_UP_MS = 7 * 86_400_000;

type RecordDeps = Pick<Deps, 'store' | 'access' | 'vault' | 'log'>;

/** One process takes each recording. `work` resolves when it is done; it is not awaited here, so that no target holds up another. */
export const recordStatements = async (deps: RecordDeps): Promise<{ work: Promise<unknown> }> => {
  const due = await deps.store.read.takeRecordings(LIMIT, EVERY_MS);
  const targets = [...new Set(due.map(({ grant }) => grant.target))];
  const ofTarget = (target: string) => due.filter(({ grant }) => grant.target === target);
  return { work: Promise.all(targets.map(async (target) => await look(deps, target, ofTarget(target)))) };
};

const look = async (deps: RecordDeps, target: string, due: OpenRecording[]): Promise<void> => {
  try {
    const found = await deps.access.recorded(
      target,
      due.map(({ grant, position }) => ({ grant, position })),
    );
    for (const [index, recorded] of found.entries()) {
      const recording = due[index];
      if (recording) await keep(deps, recording, recorded);
    }
  } catch (error) {
    const { kind, message, isRetried } = deps.access.failureOf(error);
    // What is wrong with one holds up none of the others.
    if (!isRetried && due.length > 1) {
      for (const one of due) await look(deps, target, [one]);
      return;
    }
    deps.log.warn({ target, kind, error: message }, 'what was done there could not be read; the next look tries again');
    for (const recording of due) await putOff(deps, recording);
  }
};

const putOff = async (deps: RecordDeps, recording: OpenRecording): Promise<void> => {
  if ((recording.endedMs ?? 0) < GIVEN_UP_MS) {
    await deps.store.transaction(async (tx) => void (await tx.recordings.advance(recording, recording, FAILED_MS)));
    return;
  }
  const lost = 'The target was not reached for seven days after the end, so the rest is not recorded.';
  const nothing = { position: recording.position, statements: [], sessions: 0, missing: [], isAtEnd: true };
  await keep(deps, recording, { ...nothing, lost: [lost] });
};

/** The salt keeps short statements from being guessed by their digest. */
const textOf = (grantId: string, number: number, statements: readonly RecordedStatement[]): string => {
  const head = { grant: grantId, segment: number, salt: randomBytes(32).toString('base64') };
  return [head, ...statements].map((line) => `${JSON.stringify(line)}\n`).join('');
};

const segmentOf = (
  { vault }: RecordDeps,
  { grantId, segments }: Recording,
  statements: readonly RecordedStatement[],
): Segment | null => {
  if (statements.length === 0) return null;
  const number = segments + 1;
  const text = textOf(grantId, number, statements);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { ...vault.seal(segmentOwner(grantId, number), text), number, sha256, statements: statements.length };
};

const keep = async (deps: RecordDeps, before: OpenRecording, found: Recorded): Promise<void> => {
  const segment = segmentOf(deps, before, found.statements);
  const isOver = (before.endedMs ?? 0) >= SETTLED_MS && found.isAtEnd;
  const after = {
    grantId: before.grantId,
    position: found.position,
    segments: before.segments + (segment ? 1 : 0),
    statements: before.statements + found.statements.length,
    sessions: before.sessions + found.sessions,
    missing: [...before.missing, ...found.missing],
    lost: [...new Set([...before.lost, ...found.lost])],
    isOver,
  };
  await deps.store.transaction(async (tx) => {
    if (!(await tx.recordings.advance(before, after, found.isAtEnd ? EVERY_MS : 0))) return;
    if (segment) await tx.recordings.addSegment(before.grantId, segment);
    await writeEvents(tx, { before, after, found, segment });
  });
};

type Kept = { before: OpenRecording; after: Recording; found: Recorded; segment: Segment | null };

const writeEvents = async (tx: Tx, { before, after, found, segment }: Kept): Promise<void> => {
  const { grant } = before;
  if (segment ?? (found.missing.length > 0 || after.lost.length > before.lost.length))
    await tx.audit.append({
      ...entryOf(grant),
      type: 'statements.recorded',
      data: {
        ...(segment && { segment: segment.number, sha256: segment.sha256 }),
        statements: found.statements.length,
        sessions: found.sessions,
        missing: found.missing,
        lost: found.lost,
      },
    });
  if (!after.isOver) return;
  const isComplete = after.missing.length === 0 && after.lost.length === 0;
  await tx.audit.append({
    ...entryOf(grant),
    type: 'statements.completed',
    data: {
      outcome: isComplete ? 'complete' : 'incomplete',
      statements: after.statements,
      sessions: after.sessions,
      segments: after.segments,
      missing: after.missing,
      lost: after.lost,
    },
  });
  await tx.requests.touch(grant.requestId);
  await tx.outbox.add('notify', grant.requestId);
};
