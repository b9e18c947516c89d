/** Everything but targets: Slack, the database, Redis, schedules, the audit log, clients, the address. */
import type { ConfigProblem } from '../../config/problem.ts';
import { errorFinding } from '../../domain/finding.ts';
import type { Examined } from '../../domain/finding.ts';
import { createLog } from '../../lib/log.ts';
import { createSealing } from '../../lib/sealing.ts';
import type { Sealed } from '../../lib/sealing.ts';
import { examineDatabase } from '../../store/examine.ts';
import { readKeptChannels } from '../../store/kept-channels.ts';
import { reaching } from '../../store/reaching.ts';
import { examineRedis } from '../../work/examine.ts';
import { examineAddress } from './address.ts';
import { examineAuditLog } from './audit-log.ts';
import { plain } from './check.ts';
import type { Look } from './check.ts';
import { clientLooks } from './clients.ts';
import type { Configured } from './configured.ts';
import { scheduleLooks } from './schedule-looks.ts';
import { lookAtSlack } from './slack-look.ts';

const silent = createLog('silent');

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

export const generalLooks = (configured: Configured): Look[] => {
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
