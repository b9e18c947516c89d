/** One owner approves, and access is short. */
import type { WorldOptions } from '../support/world.ts';

export const CRASH_RULES: WorldOptions = {
  roles: `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 5s }`,
  rules: `
rules:
  - name: One owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
admins: [security]
auditors: [security]
`,
};
