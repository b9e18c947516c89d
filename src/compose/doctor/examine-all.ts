/** Everything that is looked at, beside each other, in the order in which it is reported. */
import { createOpsgenie } from '../../directory/on-call/opsgenie.ts';
import { createPagerDuty } from '../../directory/on-call/pagerduty.ts';
import { examineSchedules } from '../../directory/on-call/examine.ts';
import { showPath } from '../../config/problem.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import { errorFinding } from '../../domain/finding.ts';
import type { Examined, Finding } from '../../domain/finding.ts';
import type { Target } from '../../domain/policy/types.ts';
import { examineDatabase } from '../../store/examine.ts';
import { readKeptChannels } from '../../store/kept-channels.ts';
import { reaching } from '../../store/reaching.ts';
import { examineRedis } from '../../work/examine.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { createLanes } from '../../lib/limiter.ts';
import { createLog } from '../../lib/log.ts';
import { createSealing } from '../../lib/sealing.ts';
import type { Sealed } from '../../lib/sealing.ts';
import { examineTarget, scopesOf } from '../../providers/examine.ts';
import { findProvider } from '../../providers/registry.ts';
import type { Preparation } from '../../providers/provider.ts';
import { examineSlack } from '../../slack/examine.ts';
import type { SlackToExamine } from '../../slack/examine.ts';
import { createPool, createStore } from '../../store/client.ts';
import { openOrganisation } from '../organisation.ts';
import type { Environment } from '../../config/environment.ts';
import { examineAddress } from './address.ts';
import { examineAuditLog } from './audit-log.ts';
import { examine, plain } from './check.ts';
import type { Check, Look } from './check.ts';
import { clientLooks } from './clients.ts';
import { clockFindings } from './clocks.ts';
import type { NamedClock } from './clocks.ts';
import type { Configured } from './configured.ts';

/** What is still looked at, for a terminal. */
export type Progress = { done(name: string): void; end(): void };

export type Surroundings = {
  /** One target and nothing else; null for all and everything. */
  only: Target | null;
  startProgress(names: readonly string[]): Progress;
};

const silent = createLog('silent');
/** Each opens a connection or two; a policy may have a thousand targets. */
const LOOKS_AT_ONCE = 20;

/** The roles of a target, as its provider's `prepare` takes them. */
export const preparationOf = async ({ provider: id, config, roles }: Target): Promise<Preparation | null> => {
  const { signal } = new AbortController();
  return (await findProvider(id)?.prepare?.(config, scopesOf({ roles }), { signal })) ?? null;
};

const findingOf = (problem: ConfigProblem, level: Finding['level']): Finding => {
  const { code, message, line, path } = problem;
  const place = [line === null ? '' : `line ${line}`, path].filter(Boolean).join(', ');
  return { level, code, message: place && !message.startsWith(path) ? `${place}: ${message}` : message };
};

const configPathOf = ({ name }: Target): string => showPath(['targets', name, 'config']);

const configuration = (configured: Configured): Check => {
  const { environmentProblems, policy, policyPath, policyProblems, policyWarnings } = configured;
  // A target's own secret that is missing is said where the target is looked at.
  const places = Object.values(policy?.targets ?? {}).map(configPathOf);
  const general = policyProblems.filter(({ path }) => !places.some((place) => path.startsWith(place)));
  return {
    area: 'configuration',
    name: 'configuration',
    about: policy
      ? `${policyPath}, ${pluralize(Object.keys(policy.targets).length, 'target')}, ${pluralize(policy.rules.length, 'rule')}`
      : policyPath,
    findings: [
      ...[...environmentProblems, ...general].map((problem) => findingOf(problem, 'error')),
      ...policyWarnings.map((problem) => findingOf(problem, 'warning')),
    ],
  };
};

/** What cannot be looked at because its own setting is wrong is not well. */
const unless = (wrong: readonly ConfigProblem[], look: () => Promise<Examined>): (() => Promise<Examined>) => {
  const names = [...new Set(wrong.map(({ path }) => path))].join(', ');
  const message = `Not looked at: correct ${names} first (see Configuration).`;
  return wrong.length === 0 ? look : async () => plain(null, [errorFinding('not_checked', message)]);
};

const opensOf = (keys: Buffer[]): ((grantId: string, sealed: Sealed) => boolean) | null => {
  if (keys.length === 0) return null;
  const { open } = createSealing(keys);
  return (grantId, sealed) => {
    try {
      return open(grantId, sealed) !== '';
    } catch (error) {
      // Another key, or another owner: both mean that nobody can read it.
      return !(error instanceof Error);
    }
  };
};

const targetLook = (target: Target, { policyProblems }: Configured): Look => ({
  area: 'target',
  name: target.name,
  limitMs: 20_000,
  look: async () => {
    const provider = findProvider(target.provider);
    const about = `${provider?.title ?? target.provider}, ${pluralize(Object.keys(target.roles).length, 'role')}`;
    const wrong = policyProblems.filter(({ path }) => path.startsWith(configPathOf(target)));
    if (wrong.length > 0)
      return plain(
        about,
        wrong.map((problem) => findingOf(problem, 'error')),
      );
    if (!provider) return plain(about, [errorFinding('unknown_provider', `There is no provider ${target.provider}.`)]);
    const { signal } = new AbortController();
    return plain(about, await examineTarget({ provider, target, signal, log: silent }));
  },
});

const scheduleLooks = ({ environment, policy }: Configured): Look[] => {
  const groups = Object.entries(policy?.groups ?? {}).flatMap(([name, group]) =>
    group.kind === 'on_call_schedule' ? [{ name, ...group }] : [],
  );
  if (groups.length === 0) return [];
  const services = {
    pagerduty: environment.pagerDuty && createPagerDuty({ ...environment.pagerDuty, log: silent }),
    opsgenie: environment.opsgenie && createOpsgenie({ ...environment.opsgenie, log: silent }),
  };
  const look = async (): Promise<Examined> => plain(null, await examineSchedules(services, groups));
  return [{ area: 'on_call', name: 'on call', limitMs: 20_000, look }];
};

const auditLooks = ({ environment, environmentProblems, policy }: Configured): Look[] => {
  const settings = policy?.audit ?? null;
  if (settings === null) return [];
  const isKeyBad = environmentProblems.some(({ path }) => path.startsWith('LATCHKEY_AUDIT_KEY'));
  const key = { auditKey: environment.auditKey, isKeyBad };
  return [{ area: 'audit', name: 'audit log', limitMs: 30_000, look: () => examineAuditLog(settings, key) }];
};

const addressLooks = (url: string | null, isHttpMode: boolean): Look[] => {
  if (url === null) return [];
  const look = (): Promise<Examined> => examineAddress(url, { isHttpMode });
  return [{ area: 'address', name: 'LATCHKEY_PUBLIC_URL', limitMs: 10_000, look }];
};

const FOR_ORGANISATION = /^(?:SLACK_|LATCHKEY_SECRET_KEY|(?:LATCHKEY_)?DATABASE_)/;

/** Where an organisation is served, its tokens are in the database. */
const lookAtSlack = async (environment: Environment, look: Omit<SlackToExamine, 'organisation'>): Promise<Examined> => {
  if (!environment.slack.organisation) return examineSlack(look);
  const database = { url: environment.databaseUrl, ca: environment.databaseCa };
  const pool = createPool({ ...database, log: silent, max: 1 });
  try {
    const store = createStore({ pool, log: silent, onWork: () => undefined });
    const organisation = openOrganisation(environment.slack, {
      store,
      vault: createSealing(environment.secretKeys),
      log: silent,
    });
    return await reaching(database, () => examineSlack({ ...look, organisation }));
  } finally {
    await pool.end();
  }
};

const generalLooks = (configured: Configured): Look[] => {
  const { environment, environmentProblems, policy } = configured;
  const { slack, databaseUrl, databaseCa, redisUrl, redisCa, redisPrefix, secretKeys, publicUrl } = environment;
  const wrong = (pattern: RegExp): ConfigProblem[] => environmentProblems.filter(({ path }) => pattern.test(path));
  const appToken = slack.mode === 'socket' ? slack.appToken : null;
  const opens = opensOf(wrong(/^LATCHKEY_SECRET_KEY/).length === 0 ? secretKeys : []);
  const [isHttpMode, database] = [slack.mode === 'http', { url: databaseUrl, ca: databaseCa }];
  const keptChannels = wrong(/^(?:LATCHKEY_)?DATABASE_/).length === 0 ? () => readKeptChannels(database, silent) : null;
  const toSlack = { botToken: slack.botToken, apiUrl: slack.apiUrl, appToken, policy, keptChannels, log: silent };
  const examineOurs = (): Promise<Examined> => lookAtSlack(environment, toSlack);
  const wrongForSlack = wrong(slack.organisation ? FOR_ORGANISATION : /^SLACK_/);
  return [
    { area: 'slack', name: 'Slack', limitMs: 45_000, look: unless(wrongForSlack, examineOurs) },
    {
      area: 'database',
      name: 'Postgres',
      limitMs: 20_000,
      look: unless(wrong(/^(?:LATCHKEY_)?DATABASE_/), () =>
        reaching(database, () => examineDatabase({ ...database, opens, log: silent })),
      ),
    },
    {
      area: 'redis',
      name: 'Redis',
      limitMs: 15_000,
      look: unless(wrong(/^(?:LATCHKEY_)?REDIS_/), () =>
        examineRedis({ url: redisUrl, ca: redisCa, prefix: redisPrefix }),
      ),
    },
    ...scheduleLooks(configured),
    ...auditLooks(configured),
    ...clientLooks(configured),
    ...addressLooks(publicUrl, isHttpMode),
  ];
};

type Seen = { look: Look; examined: Examined };

const clocksOf = (seen: readonly Seen[]): NamedClock[] =>
  seen.flatMap(({ look, examined }) =>
    examined.clock ? [{ name: look.name, isSlack: look.area === 'slack', reading: examined.clock }] : [],
  );

const clockCheck = (seen: readonly Seen[], isHttpMode: boolean): Check[] => {
  const clocks = clocksOf(seen);
  if (clocks.length === 0) return [];
  const about = `this machine, ${clocks.map(({ name }) => name).join(', ')}`;
  return [{ area: 'clocks', name: 'clocks', about, findings: clockFindings(clocks, { isHttpMode }) }];
};

export const examineAll = async (configured: Configured, surroundings: Surroundings): Promise<Check[]> => {
  const { only, startProgress } = surroundings;
  const targets = only ? [only] : Object.values(configured.policy?.targets ?? {});
  const looks = [...(only ? [] : generalLooks(configured)), ...targets.map((target) => targetLook(target, configured))];
  const progress = startProgress(looks.map(({ name }) => name));
  const lanes = createLanes(LOOKS_AT_ONCE);
  const { signal } = new AbortController();
  const seen = await Promise.all(
    looks.map(async (look) => {
      const examined = await lanes(() => examine(look), signal);
      progress.done(look.name);
      return { look, examined };
    }),
  );
  progress.end();
  const isHttpMode = configured.environment.slack.mode === 'http';
  return [
    ...(only ? [] : [configuration(configured)]),
    ...seen.map(({ look: { area, name }, examined: { about, findings } }): Check => ({ area, name, about, findings })),
    ...clockCheck(seen, isHttpMode),
  ];
};
