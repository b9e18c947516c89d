/** The reconciler: looks at each target every few minutes, repairs what this ledger made, notifies admins once, and asks first when it is much. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import { notifyAdmins, closeNotification, keyOf } from '../record/notify-admins.ts';
import { isAmong } from '../identity/named-among.ts';
import { findDrift } from './find-drift.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { DriftBatch, Finding } from './drift-ports.ts';
import type { Deps, Tx } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import { eventOf, isRepairable, repairDrift } from './repair-drift.ts';
import type { Repaired } from './repair-drift.ts';
import { pluralize } from '../../lib/pluralize.ts';

const EVERY_MS = 5 * 60_000;
const AT_ONCE = 5;
const BATCH_LEASE_MS = 5 * 60_000;
/** More than this many, or more than this part of what lives in the target, may be a mistake of ours: a moved address, an old backup. */
const REPAIRS_MAX = 10;
const REPAIRS_PART = 0.2;
/** So few are never many, however little lives there. */
const REPAIRS_FEW = 3;

export const watchDrift = async (deps: Deps): Promise<void> => {
  for (const batch of await deps.store.read.orderedBatches())
    await guarded(deps, batch.target, () => work(deps, batch));
  const due = await deps.store.read.takeDriftTargets(Object.keys(deps.policy().targets), EVERY_MS);
  await Promise.all(due.map((target) => guarded(deps, target, () => reconcile(deps, target))));
};

/** A target that cannot be looked at holds up no other; its problem is reported by the look at targets. */
const guarded = async (deps: Deps, target: string, run: () => Promise<void>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    deps.log.warn({ target, err: error }, 'a target could not be compared with the ledger; the next look tries again');
  }
};

const exceedsSafetyLimit = (repairs: number, liveCount: number): boolean =>
  repairs > REPAIRS_MAX || (repairs > REPAIRS_FEW && repairs > liveCount * REPAIRS_PART);

const reconcile = async (deps: Deps, target: string): Promise<void> => {
  const drift = await findDrift(deps, target);
  if (!drift) return;
  const { fresh, standing } = await deps.store.transaction(async (tx) => {
    const found = drift.found.map((one) => ({ ...one, id: deps.ids.next() }));
    const recorded = await tx.drift.record(target, found);
    for (const finding of recorded.fresh) await tx.audit.append({ ...eventOf(finding, {}), type: 'drift.found' });
    return recorded;
  });
  const open = standing.filter((one) => one.state === 'open' && one.batchId === null && isRepairable(one));
  if (exceedsSafetyLimit(open.length, drift.liveCount)) {
    await ask(deps, target, { findings: open, liveCount: drift.liveCount });
    const rest = fresh.filter((one) => !open.some(({ id }) => id === one.id));
    return notify(deps, target, { fresh: rest, repaired: [] });
  }
  return notify(deps, target, { fresh, repaired: await repairAll(deps, target, open) });
};

/** Read from the target once more, since a while may have passed. */
const repairAll = async (deps: Deps, target: string, findings: readonly Finding[]): Promise<Repaired[]> => {
  if (findings.length === 0) return [];
  const listed = await deps.access.listOurs(target);
  const repaired: Repaired[] = [];
  for (let at = 0; at < findings.length; at += AT_ONCE) {
    const some = findings.slice(at, at + AT_ONCE);
    const results = await Promise.all(some.map((one) => repairDrift(deps, one, listed?.ours ?? [])));
    await deps.store.transaction((tx) => settle(tx, results));
    repaired.push(...results);
  }
  return repaired;
};

const settle = async (tx: Tx, results: readonly Repaired[]): Promise<void> => {
  for (const { finding, outcome, error } of results) {
    if (outcome === 'failed') {
      await tx.drift.setFindings([finding.id], { state: 'open', error });
      // The same failure every few minutes is one event.
      if (error !== finding.error) await tx.audit.append({ ...eventOf(finding, { error }), type: 'drift.failed' });
      continue;
    }
    await tx.drift.setFindings([finding.id], { state: outcome === 'no_longer' ? 'gone' : 'repaired' });
    if (outcome !== 'no_longer') await tx.audit.append({ ...eventOf(finding, { outcome }), type: 'drift.repaired' });
  }
};

const DID = {
  repaired: { survived: 'Ended again.', other: 'Put back.' },
  ended: 'Its grant is being ended.',
  no_longer: 'It no longer differs.',
} as const;

const didOf = ({ finding, outcome, error }: Repaired): string => {
  if (outcome === 'failed') return `Could not be repaired, tried again: ${error ?? ''}`;
  if (outcome !== 'repaired') return DID[outcome];
  return finding.kind === 'survived' ? DID.repaired.survived : DID.repaired.other;
};

const lineOf = (title: string, finding: Finding, did: string): string =>
  `${title}: ${finding.name}: ${finding.said}${/[.;]$/.test(finding.said) ? '' : '.'} ${did}`;

const titleOf = (deps: Deps, target: string): string => deps.policy().targets[target]?.title || target;

type Watched = { fresh: readonly Finding[]; repaired: readonly Repaired[] };

/** Once per finding: what stands since an earlier look is not said again. */
const notify = async (deps: Deps, target: string, { fresh, repaired }: Watched): Promise<void> => {
  const title = titleOf(deps, target);
  const lines = fresh.flatMap((finding) => {
    const result = repaired.find((one) => one.finding.id === finding.id);
    if (result?.outcome === 'no_longer') return [];
    return [lineOf(title, finding, result ? didOf(result) : 'Latchkey leaves it alone; please look.')];
  });
  const [first] = fresh;
  if (lines.length === 0 || !first) return;
  await deps.store.transaction((tx) => notifyAdmins(tx, deps.ids, { kind: 'drift_found', about: first.id, lines }));
};

const ask = async (
  deps: Deps,
  target: string,
  { findings, liveCount }: { findings: Finding[]; liveCount: number },
): Promise<void> => {
  const id = deps.ids.next();
  const title = titleOf(deps, target);
  const lines = [
    `${title}: ${pluralize(findings.length, 'repair is', 'repairs are')} due, and ${pluralize(liveCount, 'grant lives', 'grants live')} there. Was its address changed, or a backup restored?`,
    ...findings.map((one) => lineOf(title, one, '')),
  ];
  await deps.store.transaction(async (tx) => {
    await tx.drift.insertBatch({ id, target, findingIds: findings.map((one) => one.id) });
    const offer = { kind: 'drift', id, count: findings.length } as const;
    await notifyAdmins(tx, deps.ids, { kind: 'drift_asked', about: id, lines, offer });
  });
};

/** Admins say what becomes of a batch; once, no matter who is first. */
export const decideDrift = async (
  deps: Deps,
  input: { caller: PersonCaller; batchId: string; isRepairing: boolean },
): Promise<{ batch: DriftBatch }> => {
  const policy = deps.policy();
  const person = input.caller.person;
  const known = await deps.store.read.driftBatch(input.batchId);
  if (!known) throw new DomainError('drift_not_found');
  const refusal = { type: 'drift.refused', person, target: known.target, data: { batch: known.id } } as const;
  if (!(await isAmong(deps, { policy, person, refs: policy.admins, freshness: 'fresh' })))
    return refuse(deps, refusal, new DomainError('admins_only', { admins: policy.admins }));
  await deps.store.transaction((tx) => decide(tx, { person, ...input }));
  return { batch: (await deps.store.read.driftBatch(input.batchId)) ?? known };
};

type Deciding = { person: Person; batchId: string; isRepairing: boolean };

const decide = async (tx: Tx, { person, batchId, isRepairing }: Deciding): Promise<void> => {
  const batch = await tx.drift.lockBatch(batchId);
  if (batch?.state !== 'asked') throw new DomainError('drift_decided', { by: batch?.decidedBy?.name ?? null });
  await tx.principals.upsert(person);
  await tx.drift.setBatch(batchId, { state: isRepairing ? 'ordered' : 'left', decidedBy: person.id });
  if (!isRepairing) await tx.drift.setBatchFindings(batchId, 'left');
  const { target, count } = batch;
  const entry = { actor: actorOf(person), requestId: null, grantId: null, target, role: null };
  await tx.audit.append({ ...entry, type: 'drift.decided', data: { batch: batchId, count, isRepairing } });
  const said = isRepairing ? `${person.name} has these ${count} repaired.` : `${person.name} left it as it is.`;
  await closeNotification(tx, keyOf('drift_asked', batchId), said);
};

/** Carries out what was ordered; what fails stands alone afterwards, and is tried at every look. */
const work = async (deps: Deps, batch: DriftBatch): Promise<void> => {
  if (!(await deps.store.transaction((tx) => tx.drift.claimBatch(batch.id, BATCH_LEASE_MS)))) return;
  const findings = await deps.store.read.findingsOf(batch.id);
  const repaired = await repairAll(deps, batch.target, findings);
  const failed = repaired.filter(({ outcome }) => outcome === 'failed');
  const title = titleOf(deps, batch.target);
  await deps.store.transaction(async (tx) => {
    const locked = await tx.drift.lockBatch(batch.id);
    if (locked?.state !== 'ordered') return;
    await tx.drift.setBatch(batch.id, { state: 'done' });
    const lines = [
      `${title}: ${repaired.length - failed.length} of ${batch.count} are repaired.`,
      ...failed.map((one) => lineOf(title, one.finding, didOf(one))),
    ];
    await notifyAdmins(tx, deps.ids, { kind: 'drift_repaired', about: batch.id, lines });
    await tx.drift.setBatchFindings(batch.id, 'open');
  });
};

/** At once, where the click was; a process that dies before its end is followed by the next look of any other. */
export const repairBatch = async (deps: Deps, { batchId }: { batchId: string }): Promise<void> => {
  const batch = await deps.store.read.driftBatch(batchId);
  if (batch?.state === 'ordered') await work(deps, batch);
};
