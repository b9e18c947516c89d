/** What changed between two policies, as short sentences for the people who run it. Never a target's configuration: that may hold secrets. */
import type { Policy, Rule, Target, TargetList } from './types.ts';

/** Stable text of a value whatever the order of its keys. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  ) ?? '';

const ruleText = ({ line: _line, when, ...rule }: Rule): string => textOf({ ...rule, when: when?.source ?? null });
const targetText = (target: Target): string => textOf(target);

type Changing = { what: string; before: Map<string, string>; after: Map<string, string> };

const namedChanges = ({ what, before, after }: Changing): string[] => [
  ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `${what} "${name}" was added`),
  ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `${what} "${name}" was removed`),
  ...[...after]
    .filter(([name, text]) => before.has(name) && before.get(name) !== text)
    .map(([name]) => `${what} "${name}" was changed`),
];

const byKey = <Value>(items: Record<string, Value>, text: (value: Value) => string): Map<string, string> =>
  new Map(Object.entries(items).map(([name, value]) => [name, text(value)]));

type Named = 'groups' | 'targets' | 'lists' | 'rules' | 'clients';
/** Neither decides anything: the hash is that of the text, and tests are about the rest. */
type Silent = 'sha256' | 'tests';

/** No other part of a policy changes without a word. */
const PLAIN = {
  timezone: 'The time zone',
  pendingMs: 'How long requests wait (pending)',
  claimMs: 'How long approvals keep (claim)',
  remindMs: 'When approvers are reminded (remind)',
  limits: 'How much one person may have at the same time (limits)',
  breakGlass: 'Break-glass',
  incidents: 'Incidents',
  alerts: 'The list of alerts',
  windows: 'The list of windows',
  freezes: 'The list of freezes',
  overrides: 'Who may override a freeze',
  calendars: 'What a calendar file holds',
  issuers: 'The list of issuers',
  accounts: 'Whose accounts of the CI are (accounts)',
  unlinkedAccounts: 'What follows from accounts that are not linked (unlinked_accounts)',
  gates: 'The list of gates',
  pullRequests: 'The list of pull requests',
  audit: 'Where the audit log goes (audit)',
  admins: 'The list of admins',
  auditors: 'The list of auditors',
  reviews: 'The list of reviews',
  managerField: 'The manager field',
} as const satisfies Record<Exclude<keyof Policy, Named | Silent>, string>;

const plainChanges = (before: Policy, after: Policy): string[] =>
  Object.entries(PLAIN).flatMap(([key, what]) =>
    textOf(before[key as keyof typeof PLAIN]) === textOf(after[key as keyof typeof PLAIN])
      ? []
      : [`${what} was changed`],
  );

const orderChange = (before: Policy, after: Policy): string[] => {
  const names = new Set(after.rules.map(({ name }) => name));
  const kept = before.rules.map(({ name }) => name).filter((name) => names.has(name));
  const known = new Set(kept);
  const now = after.rules.map(({ name }) => name).filter((name) => known.has(name));
  return textOf(kept) === textOf(now) ? [] : ['The order of the rules was changed'];
};

const written = ({ targets }: Policy): Record<string, Target> =>
  Object.fromEntries(Object.entries(targets).filter(([, { list }]) => list === undefined));

const listText = ({ sha256: _held, rows: _rows, ...plan }: TargetList): string => textOf(plan);

/** Empty when the two decide alike, whatever their comments and layout. What their lists gave is compared by `listChanges`. */
export const policyDifferences = (before: Policy, after: Policy): string[] => [
  ...namedChanges({ what: 'Group', before: byKey(before.groups, textOf), after: byKey(after.groups, textOf) }),
  ...namedChanges({ what: 'Client', before: byKey(before.clients, textOf), after: byKey(after.clients, textOf) }),
  ...namedChanges({
    what: 'Target',
    before: byKey(written(before), targetText),
    after: byKey(written(after), targetText),
  }),
  ...namedChanges({
    what: 'List of targets',
    before: byKey(before.lists, listText),
    after: byKey(after.lists, listText),
  }),
  ...namedChanges({
    what: 'Rule',
    before: new Map(before.rules.map((rule) => [rule.name, ruleText(rule)])),
    after: new Map(after.rules.map((rule) => [rule.name, ruleText(rule)])),
  }),
  ...orderChange(before, after),
  ...plainChanges(before, after),
];
