/** A report for a person who requests it in Slack: auditors and admins may have it. */
import type { Actor } from '../../domain/audit/events.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Period } from '../../domain/reports/period.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong } from '../identity/named-among.ts';
import { actorOf } from '../record/audit-entry.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps, Tx } from '../deps.ts';
import type { MadeReport } from './make-report.ts';
import type { ReportFile } from './report-run-ports.ts';

export type ReportForInput = { caller: PersonCaller; period: Period };
/** `files` are there until `discard`. */
export type DeliveredReport = MadeReport & { files: ReportFile[]; discard(): Promise<void> };
/** `keep` runs in the transaction of the event that says that it was made. */
export type MakeReportFiles = (input: {
  period: Period;
  actor: Actor;
  scheduled?: { id: string; keep(tx: Tx, made: MadeReport, files: ReportFile[]): Promise<void> };
}) => Promise<DeliveredReport>;

export const reportFor = async (
  deps: Deps,
  { caller, period }: ReportForInput,
  makeFiles: MakeReportFiles,
): Promise<DeliveredReport> => {
  const { person } = caller;
  const policy = deps.policy();
  const refs = [...policy.auditors, ...policy.admins];
  if (!(await isAmong(deps, { policy, person, refs, freshness: 'fresh' })))
    return refuse(deps, { type: 'report.refused', person }, new DomainError('auditors_only', { who: refs }));
  return makeFiles({ period, actor: actorOf(person) });
};
