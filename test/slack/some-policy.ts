/** The policy that most tests of Slack are about. */
import { loadPolicy } from '../../src/config/policy-file.ts';
import { formatProblem } from '../../src/config/problem.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { NAMED_ENV } from '../support/named-policy.ts';

export const POLICY = `version: 1
groups:
  sre: { slack_usergroup: sre }
  dba: { people: [olga@acme.test, sam@acme.test] }
  security: { people: [sam@acme.test] }
targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "postgres://nobody:x@127.0.0.1:1/none" }
    owners: [dba]
    channel: "#prod-access"
    warning: Holds customer addresses.
    roles:
      read: { title: Read only, scope: { member_of: [app_read] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [app_write] }, max: 1h, default: 15m, sensitive: true }
  users-db:
    title: Users database
    provider: postgres
    config: { url: "postgres://nobody:x@127.0.0.1:1/none" }
    owners: [dba]
    roles:
      read: { title: Read only, scope: { member_of: [app_read] }, max: 4h, default: 30m }
rules:
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 10 }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 1000, live_grants: 1000 }
admins: [security]
`;

export const policyOf = (text: string): Policy => {
  const loaded = loadPolicy({
    text,
    path: 'latchkey.yml',
    env: NAMED_ENV,
    providers: PROVIDERS,
  });
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
};
