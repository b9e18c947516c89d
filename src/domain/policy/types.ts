/** The policy as typed values: what `latchkey.yml` means once it was loaded and checked. */
import type { CampaignPlan } from '../reviews/campaign.ts';
import type { AlertSource } from '../alerts/types.ts';
import type { ClientEntry } from '../clients/client.ts';
import type { Issuer } from '../clients/issuer.ts';
import type { GateEntry, PullRequestEntry } from '../github/entries.ts';
import type { Json } from '../json.ts';
import type { AuditSettings } from './audit-settings.ts';
import type { Calendar } from './calendar.ts';
import type { ConditionFacts } from './decision-facts.ts';
import type { PolicyTest } from './policy-test.ts';

export type GroupSource =
  | { kind: 'people'; people: string[] }
  | { kind: 'slack_usergroup'; handle: string }
  | { kind: 'on_call_schedule'; service: OnCallName; schedule: string; levels: number[] | null };

/** The services that say who is on call. */
export type OnCallName = 'pagerduty' | 'opsgenie';

export type Role = {
  name: string;
  title: string;
  /** What the provider grants; checked by the provider's own schema when the policy is loaded. */
  scope: Json;
  maxMs: number;
  defaultMs: number;
  isSensitive: boolean;
};

/** What a person is called in a target: a pattern with their address in it, a list, or the account there with their address. */
export type IdentityRule = { user: string } | { map: Record<string, string> } | { lookup: string };

export type Target = {
  name: string;
  title: string;
  provider: string;
  /** With `${NAME}` filled from the environment: may hold secrets, so it is never logged, stored or hashed. */
  config: Json;
  owners: string[];
  channel: string | null;
  /** Its channels in other workspaces of the organisation. */
  otherChannels?: string[];
  warning: string | null;
  roles: Record<string, Role>;
  identity?: IdentityRule;
  /** The entry of `targets_from` that gave it; left out where it is written out. */
  list?: string;
};

/** `config` may hold secrets, as that of a target. */
export type ListSource =
  | { kind: 'file'; file: string }
  | { kind: 'provider'; provider: string; config: Json; only: Json };

/** A list that targets are made from. */
export type TargetList = {
  source: ListSource;
  everyMs: number;
  /** A list that loses more than this share of its targets at once is taken for a fault. */
  shrink: number;
  /** What is used of each entry. */
  fields: string[];
  /** Of where it is read and what is used of it. */
  definition: string;
  /** Of what it held, as far as it is used; null where it was not read. */
  sha256: string | null;
  rows: number;
};

/** A compiled CEL condition. `evaluate` throws when the condition errors; the decision turns that into fail-closed. */
export type Condition = {
  source: string;
  /** Groups whose membership it looks at; null when it may look at any. */
  groups: string[] | null;
  /** Names of alerts it compares with; null when it looks at none. */
  alerts: string[] | null;
  /** Windows and freezes that it names. */
  windows: string[];
  freezes: string[];
  evaluate(facts: ConditionFacts): boolean;
};

/** What a rule applies to. `null` is "not limited"; an empty list matches nobody and nothing. */
export type RuleMatch = {
  /** Globs on target names. */
  targets: string[] | null;
  /** Globs as `target/role`. */
  roles: string[] | null;
  /** Emails (globs allowed) and Slack ids. */
  people: string[] | null;
  groups: string[] | null;
  /** Globs on names of `clients`. */
  clients: string[] | null;
  /** Globs on environments of gates without a role: a rule that names them is about deployments alone. */
  gates: string[] | null;
  /** Names of `alerts`: for requests about one of them, by who is on call for it. */
  alerts: string[] | null;
};

export type Rule = {
  name: string;
  match: RuleMatch;
  when: Condition | null;
  effect: { kind: 'deny'; message: string } | { kind: 'approve' } | { kind: 'ask'; approvals: RuleApproval[] };
  isInOrder: boolean;
  require: { ticket: string | null; reasonChars: number };
  escalate: { afterMs: number; to: string } | null;
  maxMs: number | null;
  pendingMs: number | null;
  claimMs: number | null;
  remindMs: number | null;
  /** What it raises for the requests it decides; null leaves what the policy says. */
  limits: { openRequests: number | null; liveGrants: number | null };
  /** Line in the policy file, for messages. */
  line: number | null;
};

/** `from` as written (`owners`, a group, an email, a Slack id, `manager`); one or several that count alike. `also` may fill it too, without a message. */
export type RuleApproval = { from: string[]; also?: string[]; count: number };

export type BreakGlass = {
  who: string[];
  roles: string[];
  maxMs: number;
  notify: string[];
  reviewWithinMs: number;
  reviewers: string[];
};

/** References are groups, emails and Slack ids. Null is the default, which `docs/policy.md` names. */
export type Incidents = {
  /** Globs on channel names. */
  channels: string[];
  /** Globs on names a channel is given when its incident is over. */
  closed: string[];
  /** Globs on the targets that may be proposed. */
  targets: string[];
  /** Which targets channels of these names concern. */
  concerns: { channels: string[]; targets: string[] }[];
  onClose: 'end' | 'keep';
  /** Between the close and the end of what was given. */
  warningMs: number;
  /** By whose word the rules take a channel for an incident. */
  openBy: string[] | null;
  /** Who may keep their access beyond the close, as far as the rules let them. */
  keepBy: string[] | null;
  /** Groups that are shown as on call. */
  onCall: string[] | null;
  /** A pattern found in names and topics; null is `sev0` to `sev5` and `p0` to `p5`. */
  severity: string | null;
  /** Messages of these users and bots, when they match. */
  tool: { users: string[]; opens: string | null; closes: string | null } | null;
};

/** Which alerts are answered with which request. */
export type AlertMapping = {
  name: string;
  source: AlertSource;
  /** Globs on text; null is anything. */
  match: {
    service: string | null;
    title: string | null;
    severity: string | null;
    labels: Record<string, string>;
  };
  target: string;
  role: string;
  /** null is the role's default. */
  durationMs: number | null;
  /** The client that requests, in place of the person who clicks; its job finds the request. */
  client: string | null;
  /** Who gets the offer: a group, an email or a Slack id. */
  to: string;
  /** `incident`: into the channel of an open incident about the target, where there is one. */
  channel: 'dm' | 'incident';
};

/** How much one person may have at the same time. */
export type Limits = { openRequests: number; liveGrants: number };

export type CalendarFile = { file: string; sha256: string };

export type Policy = {
  sha256: string;
  timezone: string;
  windows: Calendar['windows'];
  freezes: Calendar['freezes'];
  /** Who may override which freeze, for one request at a time: groups, emails and Slack ids. */
  overrides: Record<string, string[]>;
  /** By the name of each freeze by a calendar file: its whole path, and the SHA-256 of what it held. */
  calendars: Record<string, CalendarFile>;
  groups: Record<string, GroupSource>;
  targets: Record<string, Target>;
  /** By the name of each list in `targets_from`. */
  lists: Record<string, TargetList>;
  rules: Rule[];
  pendingMs: number;
  claimMs: number;
  remindMs: number;
  limits: Limits;
  breakGlass: BreakGlass | null;
  incidents: Incidents | null;
  alerts: AlertMapping[];
  audit: AuditSettings | null;
  /** Periodic reviews. */
  reviews: CampaignPlan[];
  issuers: Record<string, Issuer>;
  clients: Record<string, ClientEntry>;
  /** By the name of the issuer and the id of an account there: an email or a Slack id. */
  accounts: Record<string, Record<string, string>>;
  /** `restrict`: where it is not known whose an account behind a request is, only approvers with a known one of their own count. */
  unlinkedAccounts: 'restrict' | 'allow';
  gates: GateEntry[];
  pullRequests: PullRequestEntry[];
  admins: string[];
  /** Who may read evidence. */
  auditors: string[];
  /** Label or id of the Slack profile field that names someone's manager; needed where approvals come `from: manager`. */
  managerField: string | null;
  tests: PolicyTest[];
};
