/** Brings a report that made itself to the people and the private channels of its plan: a message, and the files under it. */
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { readMembers } from '../../identity/members.ts';
import {
  RETRY_MS,
  closeReport,
  folderPlace,
  noteDelivery,
  noteFailure,
  planOf,
} from '../../reports/make-due-report.ts';
import type { ReportRun } from '../../reports/report-run-ports.ts';
import { CHANNEL_NAME } from '../channel-names.ts';
import type { ReportContent } from '../channel.ts';
import type { MessageCopy } from '../message-ports.ts';
import { placeOf } from '../scene.ts';
import type { OpenScene, SceneDeps, SyncOutcome } from '../scene.ts';

/** `audience`: the id that Slack knows; `to`: as people know it. */
type Recipient = { audience: string; to: string; way: 'person' | 'channel' };
/** `missing`: who cannot be found, in sentences. */
type Recipients = { found: Recipient[]; missing: string[] };

const expand = (policy: Policy, ref: string): readonly string[] => {
  if (Object.hasOwn(policy.groups, ref)) return [ref];
  if (ref === 'auditors') return policy.auditors;
  return ref === 'admins' ? policy.admins : [ref];
};

const findChannel = async ({ channel }: SceneDeps, named: string): Promise<Recipients> => {
  const id = await channel.findChannel(named);
  if (id === null)
    return { found: [], missing: [`There is no channel ${named} that Latchkey can see; invite it there.`] };
  if (await channel.isPublic(id))
    return {
      found: [],
      missing: [`${named} is a public channel, where everybody would read it; make it private, or name another one.`],
    };
  return { found: [{ audience: id, to: named, way: 'channel' }], missing: [] };
};

const findPeople = async ({ directory, policy }: SceneDeps, refs: readonly string[]): Promise<Recipients> => {
  if (refs.length === 0) return { found: [], missing: [] };
  const rules = policy();
  const { people, unknown } = await readMembers(directory, null, {
    from: [...new Set(refs)].map((ref) => sourceOf(rules, ref)),
    freshness: 'fresh',
  });
  return {
    found: people.map(({ userId, name }) => ({ audience: userId, to: name, way: 'person' })),
    missing: [
      ...unknown.map((name) => `${name} cannot be looked up now.`),
      ...(people.length + unknown.length === 0 ? [`${refs.join(', ')}: nobody is in it.`] : []),
    ],
  };
};

const findRecipients = async (deps: SceneDeps, to: readonly string[]): Promise<Recipients> => {
  const refs = to.flatMap((ref) => expand(deps.policy(), ref));
  const channels = await Promise.all(refs.filter((ref) => CHANNEL_NAME.test(ref)).map((ref) => findChannel(deps, ref)));
  const people = await findPeople(
    deps,
    refs.filter((ref) => !CHANNEL_NAME.test(ref)),
  );
  const all = [...channels, people];
  const found = new Map(all.flatMap((one) => one.found).map((one) => [one.audience, one]));
  return { found: [...found.values()], missing: all.flatMap(({ missing }) => missing) };
};

type Copies = readonly MessageCopy<'report'>[];

const copyOf = (copies: Copies, kind: 'report' | 'files', audience: string): MessageCopy<'report'> | undefined =>
  copies.find((copy) => copy.kind === kind && copy.audience === audience);

const readFile = async ({ store }: SceneDeps, id: string, name: string): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for (;;) {
    const part = await store.reports.part(id, name, parts.length);
    if (part === null) return Buffer.concat(parts);
    parts.push(part);
  }
};

const contentOf = async (deps: SceneDeps, run: ReportRun, kind: 'report' | 'files'): Promise<ReportContent> => {
  const names = await deps.store.reports.names(run.id);
  const files = names.map((name) => ({ name, read: () => readFile(deps, run.id, name) }));
  return { subject: 'report', kind, run, files };
};

const failureText = ({ channel }: SceneDeps, { to, way }: Recipient, failure: string | null | undefined): string => {
  if (!failure) return `${to} does not have it yet.`;
  return way === 'channel' ? `${to} ${channel.problemText(failure)}` : `${to} cannot be written to (${failure}).`;
};

type Finishing = { run: ReportRun; recipients: Recipients; folder: string | null };

/** Notes who has it; closes the run once everybody does, and else says to admins what is in the way. */
const finish = async (
  deps: SceneDeps,
  { run, recipients, folder }: Finishing,
  { outcome, copies }: { outcome: SyncOutcome; copies: Copies },
): Promise<SyncOutcome> => {
  const has = ({ audience }: Recipient): boolean => (copyOf(copies, 'files', audience)?.ts ?? null) !== null;
  const left = recipients.found.filter((one) => !has(one));
  const isEverywhere = left.length + recipients.missing.length === 0;
  const isFolderDone = folder === null || run.delivered.includes(folderPlace(folder));
  await deps.store.transaction(async (tx) => {
    for (const { audience: place, to, way } of recipients.found.filter(has))
      await noteDelivery(tx, run, { place, to, way });
    if (isEverywhere && isFolderDone) await closeReport(tx, run);
  });
  if (outcome.outcome === 'retry' || (isEverywhere && isFolderDone)) return outcome;
  const lines = left.map((one) => {
    const failed = copyOf(copies, 'report', one.audience)?.failure ?? copyOf(copies, 'files', one.audience)?.failure;
    return failureText(deps, one, failed);
  });
  const all = [...recipients.missing, ...lines];
  if (all.length > 0) await noteFailure(deps, run, { part: 'recipients', lines: all });
  return { outcome: 'retry', retryInMs: RETRY_MS, error: 'not every recipient has the report' };
};

export const openReport: OpenScene<'report'> = async (deps, id) => {
  const run = await deps.store.read.reportRun(id);
  const plan = run && planOf(deps, run);
  if (run?.state !== 'made' || !plan) return null;
  const recipients = await findRecipients(deps, plan.to);
  return {
    version: 1,
    wanted: () =>
      recipients.found.flatMap(({ audience }) => [
        { kind: 'report', audience },
        { kind: 'files', audience },
      ]),
    isCurrent: () => true,
    isLater: ({ kind }) => kind === 'files',
    isPatient: () => true,
    threadOf: ({ kind, audience }, copies) => {
      const above = kind === 'files' ? copyOf(copies, 'report', audience) : undefined;
      return above ? placeOf(above) : null;
    },
    content: ({ kind, audience }, copies) => {
      const above = copyOf(copies, 'report', audience);
      return kind === 'files' && (above?.ts ?? null) === null ? null : contentOf(deps, run, kind);
    },
    finish: (outcome, copies) => finish(deps, { run, recipients, folder: plan.folder }, { outcome, copies }),
  };
};
