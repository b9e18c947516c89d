/** What the app does with its log beside the requests: days are closed, heads are signed and published in a folder. */
import type { EvidenceDeps } from '../../../src/application/evidence/evidence-ports.ts';
import { publishCheckpoints } from '../../../src/application/evidence/publish-checkpoints.ts';
import { closeDays } from '../../../src/application/evidence/record-keeping.ts';
import { signCheckpoint } from '../../../src/application/evidence/sign-checkpoint.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { openSigners } from '../../../src/lib/transparency/signers.ts';
import { filePublisher } from '../../../src/publishers/file.ts';
import { auditTree } from '../../../src/store/audit/checkpoints.ts';
import { recordKeeping } from '../../../src/store/audit/record-keeping.ts';
import type { TestStore } from '../../store/fixtures.ts';

type Kept = Pick<TestStore, 'pool' | 'store'>;
type Log = { key: string; origin: string; places: string };

export const evidenceOf = async ({ pool, store }: Kept, { key, origin, places }: Log): Promise<EvidenceDeps> => ({
  store,
  tree: auditTree(pool),
  settings: { origin, checkpointMs: 3_600_000, publish: [], retentionMs: null, sinks: [], reports: [] },
  signers: await openSigners(key, origin),
  publishers: [filePublisher(places)],
  vault: null,
  ids: { next: newId },
  log: createLog('silent'),
});

export const keepLog = async (opened: Kept, log: Log): Promise<void> => {
  const evidence = await evidenceOf(opened, log);
  await closeDays({ store: opened.store, keeping: recordKeeping(opened.pool) });
  await signCheckpoint(evidence);
  await publishCheckpoints(evidence);
};
