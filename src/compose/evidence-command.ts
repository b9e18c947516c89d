/** Commands about what is signed: they need the database, the section `audit` of the policy and the audit key, and no more. */

import type { EvidenceDeps } from '../application/evidence/evidence-ports.ts';
import { rendering } from '../bundles/rendering.ts';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import { createLog } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { createSealing } from '../lib/sealing.ts';
import { createSlackConnection } from '../slack/connection/connection.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { createPool, createStore } from '../store/client.ts';
import { readText } from './command-policy.ts';
import { openEvidence } from './evidence.ts';
import { openOrganisation } from './organisation.ts';

export { rendering };

/** Recorded statements are encrypted with it; without it a bundle leaves them out. */
const readVault = () => {
  const text = readText('LATCHKEY_SECRET_KEY');
  return text === null ? null : createSealing(text.split(',').map((key) => Buffer.from(key.trim(), 'base64')));
};

/** `connection` is null where no Slack token is at hand. */
export type EvidenceCommand = {
  pool: ReturnType<typeof createPool>;
  deps: EvidenceDeps;
  store: ReturnType<typeof createStore>;
  connection: SlackConnection | null;
};

/** With the bot token of one workspace, or with those of the organisation that is served. */
const openConnection = (store: EvidenceCommand['store'], log: Log): SlackConnection | null => {
  const botToken = readText('SLACK_BOT_TOKEN');
  const apiUrl = readText('SLACK_API_URL')?.replace(/\/*$/, '/') ?? null;
  const common = { apiUrl, log, onCall: () => undefined };
  if (botToken !== null) return createSlackConnection({ botToken, ...common });
  const [enterpriseId, clientId, clientSecret] = ['SLACK_ENTERPRISE_ID', 'SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'].map(
    (name) => readText(name),
  );
  const vault = readVault();
  if (!enterpriseId || !clientId || !clientSecret || vault === null) return null;
  const given = { organisation: { enterpriseId, clientId, clientSecret }, apiUrl };
  return createSlackConnection({
    botToken: null,
    organisation: openOrganisation(given, { store, vault, log }),
    ...common,
  });
};

export const withEvidence = async <T>(
  database: { url: string; ca: string | null },
  settings: AuditSettings,
  work: (command: EvidenceCommand) => Promise<T>,
): Promise<T> => {
  const log = createLog('silent');
  const pool = createPool({ ...database, log, max: 4 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const connection = openConnection(store, log);
  const client = connection?.client ?? null;
  try {
    const parts = { pool, store, client, auditKey: readText('LATCHKEY_AUDIT_KEY'), vault: readVault(), log };
    return await work({ pool, store, connection, deps: await openEvidence(parts, settings) });
  } finally {
    await store.close();
  }
};
