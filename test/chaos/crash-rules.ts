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
limits: { open_requests: 1000, live_grants: 1000 }
admins: [security]
`,
};

/** Reading needs nobody, so that nothing but the way in question takes time. Nothing falls due before the test says so. */
export const OTHER_WAYS_RULES: WorldOptions = {
  groups: `  on-call: { slack_usergroup: on-call }
`,
  rules: `
rules:
  - name: Reading is free
    match: { roles: ["*/read"] }
    approve: true
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 1000, live_grants: 1000 }
admins: [security]
break_glass: { who: [on-call], roles: ["*/write"], max: 1h, tell: ["#security"], review_within: 24h, reviewers: [sre] }
incidents: { channels: ["inc-*"], warning: 1h }
`,
};
