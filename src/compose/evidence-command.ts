/** Commands about what is signed: they need the database, the section `audit` of the policy and the audit key, and no more. */

import type { EvidenceDeps } from '../application/evidence/evidence-ports.ts';
import { rendering } from '../bundles/rendering.ts';
import { readVariable } from '../config/variable.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import type { Policy } from '../domain/policy/types.ts';
import { createLog } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { createSealing } from '../lib/sealing.ts';
import { StartError } from '../lib/start-error.ts';
import { createSlackConnection } from '../slack/connection/connection.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { createPool, createStore } from '../store/client.ts';
import type { DatabaseAddress } from '../store/address.ts';
import { completePolicy } from './lists/complete-policy.ts';
import type { Completed } from './lists/complete-policy.ts';
import { storedRowsIn } from './lists/stored-rows.ts';
import { policyInput } from './policy-input.ts';
import { openEvidence } from './evidence.ts';
import { openOrganisation } from './organisation.ts';

const readText = (name: string): string | null => {
  const found = readVariable(process.env, name);
  if ('problem' in found) throw new StartError(found.problem);
  return found.value?.trim() || null;
};

/** Recorded statements are encrypted with it; without it a bundle leaves them out. */
const readVault = () => {
  const text = readText('LATCHKEY_SECRET_KEY');
  return text === null ? null : createSealing(text.split(',').map((key) => Buffer.from(key.trim(), 'base64')));
};

const policyPath = (): string => readText('LATCHKEY_POLICY') ?? 'latchkey.yml';

type Complete = (read: { text: string; path: string }) => Completed | Promise<Completed>;

/** Lists of targets are not read: what is signed and where is written in the file. */
const asWritten: Complete = ({ text }) => ({ text });

/** null where there is no policy file. */
const readPolicy = async (complete: Complete): Promise<Policy | null> => {
  const path = policyPath();
  const read = await readPolicyText(path);
  if ('problems' in read) {
    if (readText('LATCHKEY_POLICY') === null) return null;
    throw new StartError(read.problems.map(formatProblem).join('\n'));
  }
  const completed = await complete({ text: read.text, path });
  if ('problems' in completed) throw new StartError(completed.problems.map(formatProblem).join('\n'));
  const input = policyInput(completed.text, path, process.env);
  const loaded = loadPolicy({ ...input, areVariablesOptional: true, runsTests: false });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
};

/** null where there is no policy file, or none with a section `audit`. */
export const readAuditSettings = async (): Promise<AuditSettings | null> =>
  (await readPolicy(asWritten))?.audit ?? null;

type Audited = { policy: Policy; settings: AuditSettings };

const demandAudited = async (complete: Complete): Promise<Audited> => {
  const policy = await readPolicy(complete);
  if (policy?.audit) return { policy, settings: policy.audit };
  throw new StartError(
    `There is no section "audit" in ${policyPath()}; write audit: { origin: <a name that never changes, such as latchkey.acme.test/prod> }.`,
  );
};

export const demandAuditSettings = async (): Promise<AuditSettings> => (await demandAudited(asWritten)).settings;

/** As the app has it, with the targets that its lists gave last: a review or a report without them would be of another policy. */
export const demandPolicyInForce = (database: DatabaseAddress): Promise<Audited> =>
  demandAudited((read) => completePolicy({ ...read, env: process.env }, storedRowsIn(database)));

export { rendering };

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
