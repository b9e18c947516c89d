/** The clock of what is done to the log itself: days are closed, and personal parts are erased after the retention. */
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import { closeDays, erasePersonal } from '../application/evidence/record-keeping.ts';
import type { RecordDeps } from '../application/evidence/record-keeping.ts';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import { recordKeeping } from '../store/audit/record-keeping.ts';
import type { createPool } from '../store/client.ts';

/** Both look for themselves whether something is due; most looks find nothing. */
const POLL_MS = 600_000;

export const recordDeps = (pool: ReturnType<typeof createPool>, store: RecordDeps['store']): RecordDeps => ({
  store,
  keeping: recordKeeping(pool),
});

type Running = { deps: RecordDeps; audit: () => AuditSettings | null; log: Log };

export const startRecordKeeping = ({ deps, audit, log }: Running): Loop =>
  startLoop({
    everyMs: POLL_MS,
    run: async () => {
      const closed = await closeDays(deps);
      if (closed > 0) log.info({ days: closed }, 'days of the audit log were closed');
      const retentionMs = audit()?.retentionMs ?? null;
      const made = retentionMs === null ? null : await erasePersonal(deps, retentionMs);
      if (made && made.erased + made.statements > 0)
        log.info(made, 'personal parts of the audit log were erased after the retention');
    },
    onError: (error) =>
      log.error({ err: error }, 'closing days or erasing personal parts failed; the next pass tries again'),
  });
