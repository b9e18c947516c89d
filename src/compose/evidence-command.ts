/** Commands about what is signed: they need the database, the section `audit` of the policy and the audit key, and no more. */

import type { EvidenceDeps } from '../application/evidence/evidence-ports.ts';
import { rendering } from '../bundles/rendering.ts';
import type { SlackEnvironment } from '../config/environment-slack.ts';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import { createLog } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { createSealing } from '../lib/sealing.ts';
import type { Sealing } from '../lib/sealing.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { createPool, createStore } from '../store/client.ts';
import { readText } from './command-policy.ts';
import { openEvidence } from './evidence.ts';

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

type Tokens = { botToken: string } | { organisation: NonNullable<SlackEnvironment['organisation']>; vault: Sealing };

/** Of one workspace, or of the organisation that is served. */
const readTokens = (): Tokens | null => {
  const botToken = readText('SLACK_BOT_TOKEN');
  if (botToken !== null) return { botToken };
  const [enterpriseId, clientId, clientSecret] = ['SLACK_ENTERPRISE_ID', 'SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'].map(
    (name) => readText(name),
  );
  const vault = readVault();
  if (!enterpriseId || !clientId || !clientSecret || vault === null) return null;
  return { organisation: { enterpriseId, clientId, clientSecret }, vault };
};

/** What calls Slack is loaded only where there is a token to call it with. */
const openConnection = async (store: EvidenceCommand['store'], log: Log): Promise<SlackConnection | null> => {
  const tokens = readTokens();
  if (tokens === null) return null;
  const { createSlackConnection } = await import('../slack/connection/connection.ts');
  const apiUrl = readText('SLACK_API_URL')?.replace(/\/*$/, '/') ?? null;
  const common = { apiUrl, log, onCall: () => undefined };
  if ('botToken' in tokens) return createSlackConnection({ botToken: tokens.botToken, ...common });
  const { openOrganisation } = await import('./organisation.ts');
  const organisation = openOrganisation(
    { organisation: tokens.organisation, apiUrl },
    { store, vault: tokens.vault, log },
  );
  return createSlackConnection({ botToken: null, organisation, ...common });
};

export const withEvidence = async <T>(
  database: { url: string; ca: string | null },
  settings: AuditSettings,
  work: (command: EvidenceCommand) => Promise<T>,
): Promise<T> => {
  const log = createLog('silent');
  const pool = createPool({ ...database, log, max: 4 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const connection = await openConnection(store, log);
  const client = connection?.client ?? null;
  try {
    const parts = { pool, store, client, auditKey: readText('LATCHKEY_AUDIT_KEY'), vault: readVault(), log };
    return await work({ pool, store, connection, deps: await openEvidence(parts, settings) });
  } finally {
    await store.close();
  }
};
