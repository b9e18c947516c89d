/** The lines of a campaign, made of the policy in force and of what was used: frozen when the campaign begins. */
import { roleName } from '../../domain/reviews/role-name.ts';
import type { CampaignPlan, CampaignSubject, Fact, NewLine } from '../../domain/reviews/campaign.ts';
import { candidatesFor } from '../../domain/policy/candidates.ts';
import { compileGlob } from '../../domain/policy/glob.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy, Rule, Target } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import { formatDuration } from '../../domain/time/durations.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { readMembers } from '../identity/members.ts';
import type { Deps } from '../deps.ts';
import { adviceFor, dataText } from './advice.ts';
import type { RoleHistory } from './campaign-ports.ts';

const WINDOW_DAYS = 90;
const WINDOW_MS = WINDOW_DAYS * 86_400_000;

type Making = { deps: Pick<Deps, 'store' | 'directory'>; policy: Policy; plan: CampaignPlan };

const targetsOf = ({ policy, plan }: Making): Target[] => {
  const globs = plan.targets.map(compileGlob);
  return Object.values(policy.targets).filter(({ name }) => globs.some((matches) => matches(name)));
};

/** `owners` are those of the target; where there is no one target, the admins decide. */
const reviewersOf = ({ policy, plan }: Making, target: Target | null): string[] => {
  const refs = plan.by.flatMap((ref) => {
    if (ref === 'owners') return target ? target.owners : policy.admins;
    return ref === 'admins' ? policy.admins : [ref];
  });
  return [...new Set(refs)];
};

const effectText = ({ name, effect }: Rule): string => {
  if (effect.kind === 'deny') return `"${name}" denies`;
  if (effect.kind === 'approve') return `"${name}" approves by itself`;
  const from = effect.approvals.map(({ from: refs, count }) => `${count} of ${refs.join(' or ')}`).join(' and ');
  return `"${name}" needs ${from}`;
};

/** Those that could decide a request for it, in the order of the file. */
const rulesText = (policy: Policy, target: string, role: string): string => {
  const { denies, others } = candidatesFor(policy, target, role);
  const rules = [...denies, ...others].toSorted((one, other) => one.index - other.index);
  return rules.map(({ rule }) => effectText(rule)).join('; ') || 'no rule: no one gets in';
};

const usageText = (history: RoleHistory | undefined): string =>
  history
    ? `${pluralize(history.requests, 'request')}, ${pluralize(history.grants, 'grant')}, ${history.used} seen in use, by ${pluralize(history.people.length, 'person', 'people')}`
    : 'no request';

const namesText = (people: readonly { name: string }[]): string =>
  people.map(({ name }) => name).join(', ') || 'no one';

type RoleLine = { target: Target; role: Target['roles'][string]; history: RoleHistory | undefined };

const roleFacts = ({ policy }: Making, { target, role, history }: RoleLine): Fact[] => [
  ['Title', role.title],
  ['Who gets in', rulesText(policy, target.name, role.name)],
  ['At most', formatDuration(role.maxMs)],
  [`Last ${WINDOW_DAYS} days`, usageText(history)],
  ['Had it', namesText(history?.people ?? [])],
];

const durationFacts = (_making: Making, { role, history }: RoleLine): Fact[] => [
  ['At most', formatDuration(role.maxMs)],
  ['By default', formatDuration(role.defaultMs)],
  [
    'Used',
    history?.usedMs
      ? `half of the grants up to ${formatDuration(history.usedMs.median)}, 95 % up to ${formatDuration(history.usedMs.p95)}`
      : 'not known',
  ],
  ['Extended', history ? `${history.extended} of ${pluralize(history.grants, 'grant')}` : 'none'],
  ['Data', dataText(history)],
];

const roleLines = async (making: Making, factsOf: typeof roleFacts): Promise<NewLine[]> => {
  const found = await making.deps.store.read.roleHistory(WINDOW_MS);
  const history = new Map(found.map((one) => [roleName(one.target, one.role), one]));
  return targetsOf(making).flatMap((target) =>
    Object.values(target.roles).map((role) => {
      const subject = roleName(target.name, role.name);
      const line = { target, role, history: history.get(subject) };
      const advice = adviceFor(line);
      const advised: Fact[] = advice.map(({ text }) => ['Advice', text]);
      const about = (line.history?.people ?? []).map(({ id }) => id);
      return { subject, facts: [...factsOf(making, line), ...advised], about, reviewers: reviewersOf(making, target) };
    }),
  );
};

const breakGlassLines = async (making: Making): Promise<NewLine[]> => {
  const names = new Set(targetsOf(making).map(({ name }) => name));
  const uses = await making.deps.store.read.breakGlassUses(WINDOW_MS);
  return uses
    .filter(({ target }) => names.has(target))
    .map((use) => ({
      subject: `${roleName(use.target, use.role)}, ${use.grantId}`,
      facts: [
        ['Who', use.name],
        ['When (UTC)', use.at.toISOString().slice(0, 19).replace('T', ' ')],
        ['Reason', use.reason],
        ['Follow-up', use.outcome ?? 'open'],
      ],
      about: [use.personId],
      reviewers: reviewersOf(making, making.policy.targets[use.target] ?? null),
    }));
};

const clientLines = async (making: Making): Promise<NewLine[]> => {
  const { policy, deps } = making;
  const history = await deps.store.read.clientHistory(WINDOW_MS);
  return Object.entries(policy.clients).map(([name, client]) => {
    const used = history.find(({ id }) => id === `client:${name}`);
    const rules = policy.rules.filter(({ match }) => match.clients?.some((glob) => compileGlob(glob)(name)) === true);
    return {
      subject: name,
      facts: [
        ['Issuer', client.issuer],
        ['Rules', rules.map(effectText).join('; ') || 'none: it gets nothing'],
        [
          `Last ${WINDOW_DAYS} days`,
          used ? `${pluralize(used.requests, 'request')}, ${pluralize(used.grants, 'grant')}` : 'no request',
        ],
      ],
      about: [],
      reviewers: reviewersOf(making, null),
    };
  });
};

/** What a person may do, by the names under which the policy has them. */
type Powers = { what: string; refs: string[] }[];

const approverPowers = ({ policy }: Making): Powers => [
  ...Object.values(policy.targets).map(({ name, owners }) => ({ what: `owner of ${name}`, refs: owners })),
  ...policy.rules.flatMap(({ name, effect }) =>
    effect.kind === 'ask'
      ? effect.approvals.map(({ from }) => ({
          what: `approver by "${name}"`,
          refs: from.filter((ref) => ref !== 'owners' && ref !== 'manager'),
        }))
      : [],
  ),
];

const adminPowers = ({ policy }: Making): Powers => [
  { what: 'admin', refs: policy.admins },
  { what: 'auditor', refs: policy.auditors },
  { what: 'may use break-glass', refs: policy.breakGlass?.who ?? [] },
  { what: 'reviewer of break-glass', refs: policy.breakGlass?.reviewers ?? [] },
  ...Object.entries(policy.overrides).map(([name, refs]) => ({ what: `may override freeze ${name}`, refs })),
];

type Holder = { person: Person; powers: string[] };

const holdersOf = async (
  { deps, policy }: Making,
  powers: Powers,
): Promise<{ holders: Holder[]; unknown: string[] }> => {
  const holders = new Map<string, Holder>();
  const missing = new Set<string>();
  for (const { what, refs } of powers) {
    const from = refs.map((ref) => sourceOf(policy, ref));
    const { people, unknown } = await readMembers(deps.directory, null, { from, freshness: 'fresh' });
    for (const name of unknown) missing.add(name);
    for (const person of people) {
      const known = holders.get(person.id) ?? { person, powers: [] };
      known.powers.push(what);
      holders.set(person.id, known);
    }
  }
  return { holders: [...holders.values()], unknown: [...missing] };
};

const personLines = async (making: Making, powers: Powers): Promise<NewLine[]> => {
  const { holders, unknown } = await holdersOf(making, powers);
  const votes = await making.deps.store.read.voterHistory(WINDOW_MS);
  const reviewers = reviewersOf(making, null);
  const lines = holders.map(({ person, powers: held }): NewLine => {
    const cast = votes.find(({ id }) => id === person.id);
    const facts: Fact[] = [
      ['Email', person.email ?? 'not known'],
      ['May', [...new Set(held)].join('; ')],
      [`Votes in ${WINDOW_DAYS} days`, cast ? `${cast.approved} approved, ${cast.denied} denied` : 'none'],
    ];
    return { subject: person.name, facts, about: [person.id], reviewers };
  });
  const unread = unknown.map((name): NewLine => {
    return {
      subject: name,
      facts: [['Not read', 'Slack or the schedule did not say who is in it.']],
      about: [],
      reviewers,
    };
  });
  return [...lines, ...unread];
};

const POPULATIONS: Record<CampaignSubject, (making: Making) => Promise<NewLine[]>> = {
  roles: (making) => roleLines(making, roleFacts),
  durations: (making) => roleLines(making, durationFacts),
  break_glass: breakGlassLines,
  clients: clientLines,
  approvers: (making) => personLines(making, approverPowers(making)),
  admins: (making) => personLines(making, adminPowers(making)),
};

export const populationOf = (deps: Making['deps'], policy: Policy, plan: CampaignPlan): Promise<NewLine[]> =>
  POPULATIONS[plan.what]({ deps, policy, plan });
