/** Compiles `when:` conditions (CEL) against a typed environment, within limits, so that a condition is wrong when the file is loaded and not first at 3 a.m. */
import { Duration, Environment } from '@marcbachmann/cel-js/evaluator';
import type { ASTNode } from '@marcbachmann/cel-js';
import { ALERT_SOURCES } from '../alerts/types.ts';
import { activeFreezes, openWindows } from './calendar.ts';
import type { Calendar } from './calendar.ts';
import { FIELDS, MACROS, isNode, misspelling } from './condition-names.ts';
import { patternProblem } from './safe-pattern.ts';
import type { Condition } from './types.ts';
import type { ConditionFacts } from './decision-facts.ts';

const CONDITION_CHARS_MAX = 2000;
const LIMITS = { maxAstNodes: 300, maxDepth: 24, maxListElements: 200, maxMapEntries: 16, maxCallArguments: 8 };
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
/** Empty where there is no alert. */
const SOURCES: readonly string[] = ['', ...ALERT_SOURCES];

type RecordType<Fields extends object> = { ctor: () => void; make: (fields: Fields) => object };

/** CEL recognises a typed object by its constructor; converting plain objects instead costs ten times as much per decision. */
const recordType = <Fields extends object>(): RecordType<Fields> => {
  const ctor = function (): void {
    throw new Error('facts are made with make()');
  };
  const prototype: unknown = ctor.prototype;
  const make = (fields: Fields): object => Object.assign(Object.create(prototype as object) as object, fields);
  return { ctor, make };
};

type CelRequest = Omit<ConditionFacts['request'], 'durationMs'> & { duration: Duration };
const requestType = recordType<CelRequest>();
const requesterType = recordType<ConditionFacts['requester']>();
const incidentType = recordType<ConditionFacts['incident']>();
const clientType = recordType<Omit<ConditionFacts['client'], 'attempt'> & { attempt: bigint }>();
const pullRequestType = recordType<Omit<ConditionFacts['pull_request'], 'number'> & { number: bigint }>();
const alertType = recordType<ConditionFacts['alert']>();
const localType = recordType<{ hour: bigint; weekday: string }>();

const environment = new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS })
  .registerType('Request', { ctor: requestType.ctor, fields: FIELDS.request })
  .registerType('Requester', { ctor: requesterType.ctor, fields: FIELDS.requester })
  .registerType('Incident', { ctor: incidentType.ctor, fields: FIELDS.incident })
  .registerType('Client', { ctor: clientType.ctor, fields: FIELDS.client })
  .registerType('PullRequest', { ctor: pullRequestType.ctor, fields: FIELDS.pull_request })
  .registerType('Alert', { ctor: alertType.ctor, fields: FIELDS.alert })
  .registerType('Local', { ctor: localType.ctor, fields: FIELDS.local })
  .registerVariable('request', 'Request')
  .registerVariable('requester', 'Requester')
  .registerVariable('incident', 'Incident')
  .registerVariable('client', 'Client')
  .registerVariable('pull_request', 'PullRequest')
  .registerVariable('alert', 'Alert')
  .registerVariable('now', 'google.protobuf.Timestamp')
  .registerVariable('local', 'Local')
  .registerVariable('windows', 'list<string>')
  .registerVariable('freezes', 'list<string>');

const FUNCTIONS = [...new Set(environment.getDefinitions().functions.map(({ name }) => name))];

const clocks = new Map<string, Intl.DateTimeFormat>();
const clockOf = (timezone: string): Intl.DateTimeFormat => {
  const known = clocks.get(timezone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    hourCycle: 'h23',
    weekday: 'long',
  });
  clocks.set(timezone, clock);
  return clock;
};

const localFacts = (now: Date, { timezone }: Calendar): object => {
  const parts = clockOf(timezone).formatToParts(now);
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? '';
  return localType.make({ hour: BigInt(part('hour')), weekday: part('weekday').toLowerCase() });
};

type Variable = keyof typeof FIELDS | 'now' | 'windows' | 'freezes';

const valueOf: Record<Variable, (facts: ConditionFacts) => object> = {
  request: ({ request: { durationMs, ...request } }) =>
    requestType.make({ ...request, duration: Duration.fromMilliseconds(durationMs) }),
  requester: (facts) => requesterType.make(facts.requester),
  incident: (facts) => incidentType.make(facts.incident),
  client: (facts) => clientType.make({ ...facts.client, attempt: BigInt(facts.client.attempt) }),
  pull_request: (facts) => pullRequestType.make({ ...facts.pull_request, number: BigInt(facts.pull_request.number) }),
  alert: (facts) => alertType.make(facts.alert),
  now: (facts) => facts.now,
  local: (facts) => localFacts(facts.now, facts.calendar),
  windows: (facts) => openWindows(facts.calendar, facts.now),
  freezes: (facts) => activeFreezes(facts.calendar, facts.now),
};

type Context = Partial<Record<Variable, object>>;

/** The last facts only: a decision evaluates many conditions against the same ones, one after the other. */
let lastFacts: ConditionFacts | null = null;
let lastContext: Context = {};

/** Makes only what the condition looks at. */
const contextOf = (facts: ConditionFacts, variables: readonly Variable[]): Context => {
  if (lastFacts !== facts) {
    lastFacts = facts;
    lastContext = {};
  }
  for (const variable of variables) lastContext[variable] ??= valueOf[variable](facts);
  return lastContext;
};

const isVariable = (name: string): name is Variable => Object.hasOwn(valueOf, name);

const childrenOf = (node: ASTNode): ASTNode[] => {
  const args: unknown = node.args;
  return (Array.isArray(args) ? args.flat(2) : [args]).filter(isNode);
};

const isField = (node: ASTNode | undefined, variable: string, field: string): boolean =>
  node?.op === '.' && node.args[1] === field && node.args[0].op === 'id' && node.args[0].args === variable;

const literalOf = (node: ASTNode | undefined): string | null =>
  node?.op === 'value' && typeof node.args === 'string' ? node.args : null;

type Walk = {
  source: string;
  groups: Set<string>;
  isAnyGroup: boolean;
  alerts: Set<string>;
  windows: Set<string>;
  freezes: Set<string>;
  variables: Set<Variable>;
  problems: string[];
};

const checkCall = (node: ASTNode, isInMacro: boolean, walk: Walk): void => {
  if (node.op === 'call' && (node.args[0] === 'timestamp' || node.args[0] === 'duration')) {
    const [name, [argument]] = node.args;
    if (literalOf(argument) === null) return;
    try {
      environment.evaluate(walk.source.slice(node.start, node.end));
    } catch {
      const example = name === 'timestamp' ? 'timestamp("2026-12-20T00:00:00Z")' : 'duration("30m")';
      walk.problems.push(`${walk.source.slice(node.start, node.end)} is no ${name}; write it like ${example}`);
    }
  }
  if (node.op !== 'rcall') return;
  const [name, , args] = node.args;
  if (isInMacro && (MACROS.has(name) || name === 'matches' || name === 'split')) {
    walk.problems.push(`${name}() stands inside another list function, which can take long; take it out`);
  }
  if (name !== 'matches') return;
  const pattern = literalOf(args[0]);
  const problem = pattern === null ? 'must be written out in the condition' : patternProblem(pattern, 2);
  if (problem !== null) walk.problems.push(`the pattern of matches() ${problem}`);
};

type Comparison = ASTNode & { op: '==' | '!=' | 'in' };

/** What stands written out on the other side of a comparison with this field. */
const comparedWith = ({ args: [left, right] }: Comparison, variable: string, field: string): string[] => {
  const named = isField(left, variable, field) ? right : isField(right, variable, field) ? left : null;
  const texts = named === null ? [] : named.op === 'list' ? named.args.map(literalOf) : [literalOf(named)];
  return texts.filter((text) => text !== null);
};

const checkComparison = (node: ASTNode, walk: Walk): boolean => {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return false;
  const [left, right] = node.args;
  if (node.op === 'in' && isField(right, 'requester', 'groups') && literalOf(left) !== null) {
    walk.groups.add(literalOf(left) ?? '');
    return true;
  }
  for (const list of ['windows', 'freezes'] as const)
    if (node.op === 'in' && right.op === 'id' && right.args === list) walk[list].add(literalOf(left) ?? '');
  for (const day of comparedWith(node, 'local', 'weekday')) {
    if (!WEEKDAYS.includes(day)) walk.problems.push(`"${day}" is no weekday; use ${WEEKDAYS.join(', ')}`);
  }
  for (const source of comparedWith(node, 'alert', 'source')) {
    if (!SOURCES.includes(source))
      walk.problems.push(`"${source}" is no source of alerts; use ${ALERT_SOURCES.join(', ')}`);
  }
  for (const name of comparedWith(node, 'alert', 'name')) if (name !== '') walk.alerts.add(name);
  return false;
};

const walkNode = (node: ASTNode, isInMacro: boolean, walk: Walk): void => {
  checkCall(node, isInMacro, walk);
  if (node.op === 'id' && isVariable(node.args)) walk.variables.add(node.args);
  if (checkComparison(node, walk)) {
    walk.variables.add('requester');
    return;
  }
  if (isField(node, 'requester', 'groups')) walk.isAnyGroup = true;
  // What a macro runs over is read once; what stands inside it, once for each element.
  const repeated = node.op === 'rcall' && MACROS.has(node.args[0]) ? node.args[2] : [];
  for (const child of childrenOf(node)) walkNode(child, isInMacro || repeated.includes(child), walk);
};

const errorText = (error: unknown): string =>
  error instanceof Error
    ? (misspelling(error, FUNCTIONS) ??
      (('summary' in error && typeof error.summary === 'string' && error.summary) || error.message).slice(0, 200))
    : 'it could not be read';

/** `variables` are those it looks at. */
type Compiled = { condition: Condition; variables: readonly string[] };

/** The compiled condition, or every reason why it is refused as a sentence without its full stop. Never throws. */
export const compileCondition = (source: string): Compiled | { problems: string[] } => {
  if (source.length > CONDITION_CHARS_MAX) return { problems: [`it is longer than ${CONDITION_CHARS_MAX} characters`] };
  try {
    const program = environment.parse(source);
    const checked = program.check();
    if (!checked.valid) return { problems: [errorText(checked.error)] };
    if (checked.type !== 'bool')
      return { problems: [`it gives a ${checked.type ?? 'value'}; a condition must be true or false`] };
    const walk: Walk = {
      source,
      groups: new Set(),
      isAnyGroup: false,
      alerts: new Set(),
      windows: new Set(),
      freezes: new Set(),
      variables: new Set(),
      problems: [],
    };
    walkNode(program.ast, false, walk);
    if (walk.problems.length > 0) return { problems: walk.problems };
    const variables = [...walk.variables];
    const evaluate = (facts: ConditionFacts): boolean => {
      const value: unknown = program(contextOf(facts, variables));
      if (typeof value !== 'boolean') throw new TypeError('the condition gave no true or false');
      return value;
    };
    const groups = walk.isAnyGroup ? null : [...walk.groups].sort();
    const alerts = walk.variables.has('alert') ? [...walk.alerts].sort() : null;
    const [windows, freezes] = [[...walk.windows].sort(), [...walk.freezes].sort()];
    return { condition: { source, groups, alerts, windows, freezes, evaluate }, variables };
  } catch (error) {
    return { problems: [errorText(error)] };
  }
};

/** What can be sent to another thread. */
export type PackedCondition = Omit<Condition, 'evaluate'>;

/** One that was compiled and found right elsewhere: compiled here when it is first needed, since that is most of the work of a large policy. */
export const conditionLater = (packed: PackedCondition): Condition => {
  let compiled: Condition | null = null;
  const compile = (): Condition => {
    const made = compileCondition(packed.source);
    if ('problems' in made) throw new Error(`The condition cannot be read: ${made.problems.join('; ')}`);
    return made.condition;
  };
  return {
    ...packed,
    evaluate: (facts) => {
      compiled ??= compile();
      return compiled.evaluate(facts);
    },
  };
};
