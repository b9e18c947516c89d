/** What people get of the signed log in Slack: bundles of evidence, and reports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DocumentWriters } from '../application/application.ts';
import type { Deps, Tx } from '../application/deps.ts';
import { makeReport } from '../application/reports/make-report.ts';
import type { MadeReport } from '../application/reports/make-report.ts';
import type { MakeReportFiles } from '../application/reports/report-for.ts';
import { REPORT_FILES, reportFolder } from '../bundles/report/folder.ts';
import { putReport } from '../bundles/report/put-report.ts';
import { StartError } from '../lib/start-error.ts';
import { bundleWriter, openEvidence } from './evidence.ts';
import type { Running } from './evidence.ts';
import { reportDeps } from './report.ts';

const reportWriter =
  ({ parts, audit }: Running, { policy, directory }: Pick<Deps, 'policy' | 'directory'>): MakeReportFiles =>
  async (input) => {
    const settings = audit();
    if (!settings)
      throw new StartError('There is no section "audit" in the policy, so the log is not signed; an admin adds it.');
    const evidence = await openEvidence(parts, settings);
    const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-report-'));
    const discard = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const deps = reportDeps({ pool: parts.pool, evidence, policy: policy(), directory });
      const files = REPORT_FILES.map((name) => ({ name, path: path.join(folder, name) }));
      const { scheduled, ...about } = input;
      const keep = (tx: Tx, report: MadeReport): Promise<void> =>
        scheduled?.keep(tx, report, files) ?? Promise.resolve();
      const kept = scheduled ? { scheduled: { id: scheduled.id, keep } } : {};
      const made = await makeReport(deps, { ...about, ...kept }, reportFolder(folder));
      return { ...made, discard, files };
    } catch (error) {
      await discard();
      throw error;
    }
  };

export const documentsOf = (running: Running, deps: Deps): Omit<DocumentWriters, 'proofs' | 'advice'> => ({
  bundle: bundleWriter(running),
  report: reportWriter(running, deps),
  putReport: ({ folder, run }) => putReport(deps.store.reports, { folder, run }),
});
