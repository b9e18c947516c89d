/** A small policy file that is right, to be made wrong in one place at a time. */
import { loadPolicy } from '../../src/config/policy-file.ts';
import type { LoadedPolicy, PolicyInput } from '../../src/config/policy-file.ts';
import type { ProviderSchema } from '../../src/config/policy-check.ts';

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A provider as the registry hands it over, with two rules of its own. */
const postgres: ProviderSchema = {
  id: 'postgres',
  configProblems: (config) =>
    isRecord(config) && typeof config['url'] === 'string'
      ? []
      : [{ path: 'url', message: 'Give the address of the database.' }],
  scopeProblems: (scope) =>
    isRecord(scope) && Array.isArray(scope['member_of'])
      ? []
      : [{ path: 'member_of', message: 'Name the groups of the role.' }],
};

const PROVIDERS: readonly ProviderSchema[] = [postgres];

export const ENV = {
  ORDERS_DB_ADMIN_URL: 'postgres://admin:hunter2@db/orders',
  PAGERDUTY_TOKEN: 'u+made-up',
  OPSGENIE_API_KEY: 'made-up',
};

export const GOOD = `version: 1
groups:
  dba: { people: [dana@acme.test, omar@acme.test] }
  sre: { slack_usergroup: sre }
targets:
  orders:
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [dba]
    roles:
      read: { scope: { member_of: [r] }, max: 4h, default: 30m }
      write: { scope: { member_of: [w] }, max: 1h }
rules:
  - name: Writes
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }, { from: sre }]
  - name: Rest
    approvals: [{ from: owners }]
admins: [dba]
`;

export const inputOf = (text: string, parts: Partial<PolicyInput> = {}): PolicyInput => ({
  text,
  env: ENV,
  providers: PROVIDERS,
  path: 'latchkey.yml',
  ...parts,
});

export const load = (text: string, parts: Partial<PolicyInput> = {}): LoadedPolicy => loadPolicy(inputOf(text, parts));

/** `GOOD` with one text replaced by another; fails when there is nothing to replace. */
export const changed = (from: string, to: string): string => {
  if (!GOOD.includes(from)) throw new Error(`the policy does not hold ${from}`);
  return GOOD.replace(from, () => to);
};

export const APPROVALS = 'approvals: [{ from: owners }, { from: sre }]';
export const withRule = (keys: string): string => changed(APPROVALS, `${APPROVALS}\n    ${keys}`);
export const withTop = (text: string): string => `${GOOD}${text}\n`;

/** With the code, the line and part of the sentence that is expected. */
export type Wrong = [name: string, text: string, code: string, line: number, says: string];
