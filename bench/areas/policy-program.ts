/** Loads large policies and decides by them. A process of its own: its memory is measured. */
import { groupsToRead } from '../../src/domain/policy/candidates.ts';
import { decide } from '../../src/domain/policy/decide.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import type { RequestedAccess, DecisionFacts } from '../../src/domain/policy/decision-facts.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { policyInput } from '../../src/compose/policy-input.ts';
import { answerCalls } from '../child.ts';
import { assertThat, eachOf, median } from '../measure.ts';
import { withClient } from '../setup/servers.ts';
import { choose, EMPTY } from '../../src/slack/door/views/form-state.ts';
import { requestForm } from '../../src/slack/door/views/request-form.ts';
import { targetSearch } from '../../src/slack/door/views/searches.ts';
import { boundEmail } from '../../src/domain/principals/identity.ts';

export type PolicyInput = { rules: number; targets: number; decisions: number };
export type PolicyFigures = {
  rules: number;
  loadMs: number;
  memoryMb: number;
  warmMs: number;
  firstMs: number;
  /** The form with a target chosen, and what a search for another one answers at each stroke of a key. */
  formMs: number;
  searchMs: number;
};

const TEAMS = 50;

/** A mixture: globs over targets, roles by name, groups, conditions and denials; the last rule takes the rest. */
const ruleOf = (index: number, targets: number): string => {
  const target = `db-${String((index * 37) % targets).padStart(5, '0')}`;
  const name = `- name: Rule ${index}`;
  const kinds = [
    `${name}\n    match: { targets: ["${target}"], groups: [team-${index % TEAMS}] }\n    approvals: [{ from: owners }]`,
    `${name}\n    match: { roles: ["${target}/write"] }\n    approvals: [{ from: owners }, { from: team-${(index + 1) % TEAMS} }]`,
    `${name}\n    match: { targets: ["${target.slice(0, 7)}*"], people: ["*@team${index}.test"] }\n    approve: true`,
    `${name}\n    match: { targets: ["${target}"] }\n    when: request.duration > duration("${61 + index}m") && requester.email.endsWith("@team${index}.test")\n    deny: Not for so long.`,
  ];
  return kinds[index % kinds.length] ?? '';
};

const textOf = ({ rules, targets }: PolicyInput): string => {
  const groups = Array.from(
    { length: TEAMS },
    (_, team) => `  team-${team}: { people: [lead${team}@acme.test, dana${team}@acme.test] }`,
  );
  const each = Array.from({ length: targets }, (_, index) => {
    const name = `db-${String(index).padStart(5, '0')}`;
    return `  ${name}:
    provider: postgres
    config: { url: "postgresql://latchkey:secret@${name}.internal/app" }
    owners: [team-${index % TEAMS}]
    roles:
      read: { scope: { member_of: [app_read] }, max: 4h, default: 30m }
      write: { scope: { member_of: [app_write] }, max: 1h, default: 15m }`;
  });
  const list = Array.from({ length: rules - 1 }, (_, index) => `  ${ruleOf(index, targets)}`);
  const last = '  - name: Everything else needs an owner\n    approvals: [{ from: owners }]';
  return `version: 1\ngroups:\n${groups.join('\n')}\ntargets:\n${each.join('\n')}\nrules:\n${[...list, last].join('\n')}\nadmins: [team-0]\n`;
};

const askOf = (index: number, targets: number): RequestedAccess => ({
  target: `db-${String((index * 7_919) % targets).padStart(5, '0')}`,
  role: index % 3 === 0 ? 'write' : 'read',
  durationMs: 1_800_000,
  reason: 'checkout errors after the release',
  ticket: 'OPS-12',
});

const factsOf = (index: number): DecisionFacts => ({
  now: new Date(),
  requester: {
    personId: `T:U${index}`,
    userId: `U${index}`,
    email: boundEmail(`dana${index % TEAMS}@acme.test`),
    groups: [`team-${index % TEAMS}`],
  },
  incident: { open: false, channel: '', severity: '' },
  client: null,
  pullRequest: null,
});

const usedMb = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
};

/** Milliseconds of one decision: the whole of what a click needs of the policy. */
const decisions = (policy: Policy, { targets, decisions: count }: PolicyInput): number => {
  const prepared = Array.from({ length: count }, (_, index) => ({ ask: askOf(index, targets), facts: factsOf(index) }));
  const startedAt = performance.now();
  for (const { ask, facts } of prepared) {
    groupsToRead(policy, ask);
    const verdict = decide(policy, ask, facts);
    assertThat(
      verdict.code !== 'no_rule' && verdict.problems.length === 0,
      `a request was decided as ${verdict.code}.`,
    );
  }
  return (performance.now() - startedAt) / count;
};

const load = (input: PolicyInput): Policy => {
  const loaded = loadPolicy(policyInput(textOf(input), 'latchkey.yml', {}));
  if ('problems' in loaded) throw new Error(`The policy is refused: ${JSON.stringify(loaded.problems.slice(0, 3))}`);
  return loaded.policy;
};

const timed = (times: number, work: (index: number) => void): number => {
  const startedAt = performance.now();
  for (let index = 0; index < times; index += 1) work(index);
  return (performance.now() - startedAt) / times;
};

const drawings = (policy: Policy, { targets, decisions: count }: PolicyInput): { formMs: number; searchMs: number } => {
  const times = Math.min(count, 100);
  const nameOf = (index: number): string => askOf(index, targets).target;
  const form = (index: number): void => {
    const drawn = requestForm(policy, { ...EMPTY, ...choose(policy, nameOf(index), 'read') }, { lines: [] });
    assertThat(JSON.stringify(drawn).includes(nameOf(index)), 'the form does not show its target.');
  };
  const search = (index: number): void => {
    const found = targetSearch.find({ slack: { policy: () => policy } as never, query: nameOf(index), blockId: '' });
    assertThat(found.length === 1, `a search for a whole name found ${found.length}.`);
  };
  timed(times, form);
  timed(times, search);
  return { formMs: timed(times, form), searchMs: timed(times, search) };
};

const measurePolicy = async (input: PolicyInput): Promise<PolicyFigures> => {
  const before = usedMb();
  const startedAt = performance.now();
  const policy = load(input);
  const loadMs = performance.now() - startedAt;
  const memoryMb = usedMb() - before;
  const firstMs = decisions(policy, { ...input, decisions: Math.min(input.targets, 1_000) });
  decisions(policy, input);
  const warmMs = median([1, 2, 3, 4, 5].map(() => decisions(policy, input)));
  assertThat(Object.keys(policy.targets).length === input.targets, 'targets are missing.');
  assertThat(policy.rules.length === input.rules, 'rules are missing.');
  return { rules: input.rules, loadMs, memoryMb, warmMs, firstMs, ...drawings(policy, input) };
};

/** What a rule engine that asked the database would pay at the least. */
const measureRead = async ({ storeUrl, count }: { storeUrl: string; count: number }): Promise<number> =>
  withClient(storeUrl, async (client) => {
    await client.query('create table if not exists bench_rule (id int primary key, body jsonb not null)');
    await client.query(
      `insert into bench_rule select i, '{"approvals": []}' from generate_series(1, 1000) i on conflict do nothing`,
    );
    const read = (index: number) =>
      client.query({ name: 'rule', text: 'select body from bench_rule where id = $1', values: [(index % 1_000) + 1] });
    await eachOf(200, read);
    return median(await eachOf(count, read));
  });

answerCalls({ measurePolicy, measureRead });
