/** Reads need one owner, writes an owner and an SRE, look-only nobody; whoever is on call reads at once in an incident, and may break the glass. */
import type { WorldOptions } from '../support/world.ts';

export const CHAOS_RULES: WorldOptions = {
  roles: `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 5s }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 5s, sensitive: true }
      look: { title: Look, scope: { member_of: [GROUP_READ] }, max: 1h, default: 5s }`,
  groups: `  on-call: { slack_usergroup: on-call }
  everybody: { people: [olga@acme.test, sam@acme.test, rita@acme.test] }
`,
  rules: `
rules:
  - name: Looking is free
    match: { roles: ["*/look"] }
    approve: true
  - name: On-call reads at once in an open incident
    match: { roles: ["*/read"] }
    when: '"on-call" in requester.groups && incident.open'
    approve: true
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
incidents: { channels: ["inc-*"], warning: 4s, on_call: [on-call] }
pending: 4h
claim: 1h
limits: { open_requests: 1000, live_grants: 1000 }
admins: [security]
break_glass: { who: [on-call], roles: ["*/read", "*/write"], max: 1h, tell: ["#security"], review_within: 24h, reviewers: [everybody] }
`,
};
