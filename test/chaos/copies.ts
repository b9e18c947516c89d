/**
 * Copies of messages that Slack took and the app does not know of, each with its reason. What the app is asked for was posted by a
 * process, told to it or not, and noted by it or not: all three are written down here as they happen, by the clock of the test.
 */
import type { Call, Change } from '../../sandbox/src/slack/types.ts';
import type { World } from '../support/world.ts';

/** Why nobody knows of a copy. `unsaved`: Postgres did not take the note for as long as the app insists. */
export const ORPHAN_CLASSES = ['answer lost', 'process killed', 'unsaved', 'unexplained'] as const;
export type OrphanClass = (typeof ORPHAN_CLASSES)[number];

export const noOrphans = (): Record<OrphanClass, number> =>
  Object.fromEntries(ORPHAN_CLASSES.map((name) => [name, 0])) as Record<OrphanClass, number>;

type Posted = { key: string; subject: string; kind: string; process: string; at: number };

export type Copies = {
  /** The process was killed. */
  died(process: string): void;
  /** It wrote this into its log. */
  wrote(process: string, text: string): void;
  classify(world: World): Promise<{ counts: Record<OrphanClass, number>; unexplained: string[] }>;
};

/** How long the app tries to note what it posted, and what a busy machine adds. */
const NOTING_MS = 6_000;
/** What else a run still has in hand before its failure is written: calls to Slack of ten seconds. */
const FAILING_MS = 20_000;

type Metadata = { event_type: string; event_payload: { request_id?: string; incident_id?: string; kind: string } };
type Failure = { process: string; subject: string; at: number };
type Ledger = { posted: Map<string, Posted>; lost: Set<string>; deaths: Map<string, number>; failures: Failure[] };

const NOTED = new Set(['latchkey_request', 'latchkey_incident']);
const PROCESS = /\b(latchkey-\d+-\d+)\//;

const keyOf = ({ answer }: Call): string => `${String(answer['channel'])} ${String(answer['ts'])}`;

const notePosted = (ledger: Ledger, call: Call): void => {
  const metadata = call.args['metadata'] as Metadata | undefined;
  if (call.method !== 'chat.postMessage' || call.answer['ok'] !== true || !metadata || !NOTED.has(metadata.event_type))
    return;
  const { request_id: request, incident_id: incident, kind } = metadata.event_payload;
  const key = keyOf(call);
  const process = PROCESS.exec(call.userAgent)?.[1] ?? '';
  ledger.posted.set(key, { key, subject: request ?? incident ?? '', kind, process, at: performance.now() });
};

/** A failed run of the work that posts; what Slack refuses is put off without one. */
const noteFailure = (ledger: Ledger, process: string, text: string): void => {
  for (const [, subject = ''] of text.matchAll(/"kind":"(?:notify|incident)","subject":"([^"]+)","msg":"work failed/g))
    ledger.failures.push({ process, subject, at: performance.now() });
};

const classOf = ({ lost, deaths, failures }: Ledger, { key, subject, process, at }: Posted): OrphanClass => {
  if (lost.has(key)) return 'answer lost';
  const diedAt = deaths.get(process);
  if (diedAt !== undefined && diedAt - at < NOTING_MS) return 'process killed';
  const isFailed = failures.some(
    (failure) =>
      failure.process === process && failure.subject === subject && failure.at > at && failure.at - at < FAILING_MS,
  );
  return isFailed ? 'unsaved' : 'unexplained';
};

const classify = async (ledger: Ledger, { sql }: World): ReturnType<Copies['classify']> => {
  const rows = await sql<{ channel: string; ts: string }>(`select channel, ts from messages where ts is not null`);
  const known = new Set(rows.map(({ channel, ts }) => `${channel} ${ts}`));
  const orphans = [...ledger.posted.values()].filter(({ key }) => !known.has(key));
  const counts = noOrphans();
  const unexplained: string[] = [];
  for (const orphan of orphans) {
    const name = classOf(ledger, orphan);
    counts[name] += 1;
    const { key, subject, kind, process } = orphan;
    if (name === 'unexplained')
      unexplained.push(`nobody knows why nobody noted the ${kind} of ${subject} (${key}), which ${process} posted`);
  }
  return { counts, unexplained };
};

export const startCopies = ({ slack }: World): Copies => {
  const ledger: Ledger = { posted: new Map(), lost: new Set(), deaths: new Map(), failures: [] };
  slack.subscribe((change: Change) => {
    if (change.type === 'call') notePosted(ledger, change.call);
    if (change.type === 'answer_lost') ledger.lost.add(keyOf(change.call));
  });
  return {
    died: (process) => void ledger.deaths.set(process, performance.now()),
    wrote: (process, text) => noteFailure(ledger, process, text),
    classify: (world) => classify(ledger, world),
  };
};
