/** What keeps the record of the app: checkpoints, what was done in targets, and sinks. */
import { createPool } from '../store/client.ts';
import { SINKS_MAX } from '../domain/policy/audit-settings.ts';
import type { Loop } from '../lib/loop.ts';
import type { Core } from './parts.ts';
import { startCheckpoints } from './evidence.ts';
import type { AppOptions } from './options.ts';
import { recordDeps, startRecordKeeping } from './record-keeping.ts';
import { startSinks } from './sinks.ts';

type Signed = Pick<Core, 'pool' | 'store' | 'connection' | 'deps'>;

export const evidenceOf = ({ environment, log }: AppOptions, { pool, store, connection, deps }: Signed) => ({
  parts: { pool, store, client: connection.notifierClient, auditKey: environment.auditKey, vault: deps.vault, log },
  audit: () => deps.policy().audit,
});

/** Each goes on until it is stopped. */
export const startRecord = (options: AppOptions, core: Core): Loop['stop'][] => {
  const { environment, env, log } = options;
  const { pool, store, deps } = core;
  const audit = () => deps.policy().audit;
  const keeping = startRecordKeeping({ deps: recordDeps(pool, store), audit, log });
  const locks = createPool({ url: environment.databaseUrl, ca: environment.databaseCa, log, max: SINKS_MAX });
  return [
    startCheckpoints(evidenceOf(options, core)).stop,
    keeping.stop,
    startSinks({ pool, locks, store, audit, env, log }).stop,
  ];
};
