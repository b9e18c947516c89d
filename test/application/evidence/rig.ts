/** A log on a real database, a key, and places that hold its checkpoints. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvidenceDeps, Publisher } from '../../../src/application/evidence/evidence-ports.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import { openSigners } from '../../../src/lib/transparency/signers.ts';
import { ED25519, vkeyOf } from '../../../src/lib/transparency/note.ts';
import { filePublisher } from '../../../src/publishers/file.ts';
import { auditTree } from '../../../src/store/audit/checkpoints.ts';
import { openTestStore, writeEvents } from '../../store/fixtures.ts';
import type { TestStore, WrittenEvent } from '../../store/fixtures.ts';

export const ORIGIN = 'latchkey.acme.test/prod';

export const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

export type EvidenceRig = TestStore & {
  deps: EvidenceDeps;
  folder: string;
  vkey: string;
  append(...events: Partial<WrittenEvent>[]): Promise<void>;
  withKey(pem: string): Promise<EvidenceDeps>;
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** As the administrator of the database, who takes the triggers away. */
  tamper(...statements: string[]): Promise<void>;
};

export const openEvidenceRig = async (more: readonly Publisher[] = []): Promise<EvidenceRig> => {
  const opened = await openTestStore();
  const folder = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  const base = {
    store: opened.store,
    tree: auditTree(opened.pool),
    settings: { origin: ORIGIN, checkpointMs: 3_600_000, publish: [], retentionMs: null, sinks: [], reports: [] },
    publishers: [filePublisher(folder), ...more],
    vault: createSealing([Buffer.alloc(32, 7)]),
    ids: { next: newId },
    log: createLog('silent'),
  };
  const withKey = async (pem: string): Promise<EvidenceDeps> => ({ ...base, signers: await openSigners(pem, ORIGIN) });
  const deps = await withKey(newKey());
  const [signer] = deps.signers;
  const sql: EvidenceRig['sql'] = async (text, values = []) => (await opened.pool.query(text, values)).rows;
  return {
    ...opened,
    deps,
    folder,
    vkey: vkeyOf({ name: ORIGIN, type: ED25519, raw: signer?.raw ?? Buffer.alloc(0) }),
    withKey,
    sql,
    append: (...events) => writeEvents(opened.pool, ...events),
    tamper: async (...statements) => {
      for (const table of ['audit_chain', 'audit_personal', 'audit_events'])
        await sql(`alter table ${table} disable trigger all`);
      for (const statement of statements) await sql(statement);
    },
    close: async () => {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
