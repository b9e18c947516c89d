import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { Variables } from '../../src/config/variable.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fileWith = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

const KEY = Buffer.alloc(32, 7).toString('base64');
const OLD_KEY = Buffer.alloc(32, 9).toString('base64');

const GOOD: Variables = {
  SLACK_BOT_TOKEN: 'xoxb-made-up',
  SLACK_APP_TOKEN: 'xapp-made-up',
  DATABASE_URL: 'postgres://latchkey@localhost/latchkey',
  REDIS_URL: 'redis://localhost:6379',
  LATCHKEY_SECRET_KEY: KEY,
};

const ORGANISATION: Variables = {
  SLACK_BOT_TOKEN: undefined,
  SLACK_CLIENT_ID: '1.2',
  SLACK_CLIENT_SECRET: 'made-up',
  SLACK_ENTERPRISE_ID: 'E0ACME',
  LATCHKEY_PUBLIC_URL: 'https://latchkey.acme.test',
};

const read = (env: Variables): Environment => {
  const found = readEnvironment(env);
  if ('problems' in found) throw new Error(found.problems.map(({ message }) => message).join('\n'));
  return found.environment;
};

const problemsOf = (env: Variables): string[][] => {
  const found = readEnvironment(env);
  return 'problems' in found ? found.problems.map(({ code, path: name }) => [code, name]) : [];
};

describe('an environment that is right', () => {
  it('needs five names and has sound defaults for the rest', () => {
    expect(read(GOOD)).toEqual({
      slack: { mode: 'socket', botToken: 'xoxb-made-up', organisation: null, appToken: 'xapp-made-up', apiUrl: null },
      databaseUrl: GOOD['DATABASE_URL'],
      databaseCa: null,
      redisUrl: GOOD['REDIS_URL'],
      redisCa: null,
      redisPrefix: 'latchkey',
      secretKeys: [Buffer.alloc(32, 7)],
      auditKey: null,
      policyPath: 'latchkey.yml',
      publicUrl: null,
      pagerDuty: null,
      opsgenie: null,
      alertSecrets: { pagerduty: [], alertmanager: [], generic: [] },
      gitlabSecrets: [],
      gitlab: null,
      github: null,
      port: 3000,
      host: null,
      metricsPort: null,
      logLevel: 'info',
      keepsSlackLimits: true,
    });
  });

  it('uses HTTP where only a signing secret is given', () => {
    const { slack } = read({ ...GOOD, SLACK_APP_TOKEN: undefined, SLACK_SIGNING_SECRET: 'made-up' });
    expect(slack).toMatchObject({ mode: 'http', signingSecret: 'made-up' });
  });

  it('uses Socket Mode where both are given', () => {
    expect(read({ ...GOOD, SLACK_SIGNING_SECRET: 'made-up' }).slack.mode).toBe('socket');
  });

  it('takes several keys, of which the first encrypts', () => {
    expect(read({ ...GOOD, LATCHKEY_SECRET_KEY: `${KEY}, ${OLD_KEY},${KEY}` }).secretKeys).toEqual([
      Buffer.alloc(32, 7),
      Buffer.alloc(32, 9),
    ]);
  });

  it('reads any name from a file, without its last line break', () => {
    const file = fileWith('token', 'xoxb-from-file\n');
    expect(read({ ...GOOD, SLACK_BOT_TOKEN: undefined, SLACK_BOT_TOKEN_FILE: file }).slack.botToken).toBe(
      'xoxb-from-file',
    );
    expect(read({ ...GOOD, PORT_FILE: fileWith('port', '8080\r\n') }).port).toBe(8080);
  });

  it('gives the Slack address one slash at its end and the public address none', () => {
    const environment = read({
      ...GOOD,
      SLACK_API_URL: 'http://localhost:9/api',
      LATCHKEY_PUBLIC_URL: 'https://a.test/',
    });
    expect(environment.slack.apiUrl).toBe('http://localhost:9/api/');
    expect(environment.publicUrl).toBe('https://a.test');
  });

  it('takes several secrets of webhooks, and none where none is given', () => {
    const [one, two] = ['a'.repeat(16), 'b'.repeat(32)];
    const { alertSecrets } = read({ ...GOOD, PAGERDUTY_WEBHOOK_SECRET: `${one}, ${two}`, ALERTMANAGER_TOKEN: two });
    expect(alertSecrets).toEqual({ pagerduty: [one, two], alertmanager: [two], generic: [] });
    const LATCHKEY_GITLAB_WEBHOOK_SECRET_FILE = fileWith('gitlab', `${two},${one}\n`);
    expect(read({ ...GOOD, LATCHKEY_GITLAB_WEBHOOK_SECRET_FILE }).gitlabSecrets).toEqual([two, one]);
  });

  it('knows Opsgenie where there is a key, at its own address unless another is given', () => {
    const OPSGENIE_API_KEY = 'made-up';
    const apiUrl = 'https://api.opsgenie.com';
    expect(read({ ...GOOD, OPSGENIE_API_KEY }).opsgenie).toEqual({ apiKey: OPSGENIE_API_KEY, apiUrl });
    const OPSGENIE_API_KEY_FILE = fileWith('opsgenie', 'from-a-file\n');
    const OPSGENIE_API_URL = 'https://api.eu.opsgenie.com/';
    expect(read({ ...GOOD, OPSGENIE_API_KEY_FILE, OPSGENIE_API_URL }).opsgenie).toEqual({
      apiKey: 'from-a-file',
      apiUrl: 'https://api.eu.opsgenie.com',
    });
  });

  it('knows PagerDuty where there is a token, at its own address unless another is given', () => {
    const PAGERDUTY_TOKEN = 'u+made-up';
    expect(read({ ...GOOD, PAGERDUTY_TOKEN }).pagerDuty).toEqual({
      token: PAGERDUTY_TOKEN,
      apiUrl: 'https://api.pagerduty.com',
    });
    const PAGERDUTY_API_URL = 'https://api.eu.pagerduty.com/';
    expect(read({ ...GOOD, PAGERDUTY_TOKEN, PAGERDUTY_API_URL }).pagerDuty?.apiUrl).toBe(
      'https://api.eu.pagerduty.com',
    );
  });

  it('listens on one address where one is given, and knows a port for metrics', () => {
    const listening = (env: Variables) => {
      const { host, port, metricsPort } = read({ ...GOOD, ...env });
      return [host, port, metricsPort];
    };
    expect(listening({ LATCHKEY_HOST: '127.0.0.1', LATCHKEY_METRICS_PORT: '9464' })).toEqual(['127.0.0.1', 3000, 9464]);
    expect(listening({ LATCHKEY_HOST: '::1', PORT: '0', LATCHKEY_METRICS_PORT: '0' })).toEqual(['::1', 0, 0]);
    expect(listening({ LATCHKEY_HOST: '[::]' })).toEqual(['::', 3000, null]);
    expect(listening({ LATCHKEY_HOST: 'localhost' })).toEqual(['localhost', 3000, null]);
  });

  it('may serve an organisation in place of one workspace', () => {
    const { slack } = read({ ...GOOD, ...ORGANISATION });
    const organisation = { enterpriseId: 'E0ACME', clientId: '1.2', clientSecret: 'made-up' };
    expect(slack).toEqual({ mode: 'socket', botToken: null, organisation, appToken: 'xapp-made-up', apiUrl: null });
  });

  it('counts an empty value as not set', () => {
    expect(read({ ...GOOD, PORT: '', LATCHKEY_POLICY: ' ' })).toMatchObject({ port: 3000, policyPath: 'latchkey.yml' });
  });
});

describe('an environment that is wrong', () => {
  it('names everything that is missing at once', () => {
    expect(problemsOf({})).toEqual([
      ['missing_variable', 'SLACK_BOT_TOKEN'],
      ['missing_variable', 'SLACK_APP_TOKEN'],
      ['missing_variable', 'DATABASE_URL'],
      ['missing_variable', 'REDIS_URL'],
      ['missing_variable', 'LATCHKEY_SECRET_KEY'],
    ]);
  });

  it.each<[string, Variables, string[]]>([
    ['a bot token of another kind', { SLACK_BOT_TOKEN: 'xoxp-1' }, ['bad_token', 'SLACK_BOT_TOKEN']],
    [
      'a bot token beside an organisation',
      {
        SLACK_CLIENT_ID: '1.2',
        SLACK_CLIENT_SECRET: 's',
        SLACK_ENTERPRISE_ID: 'E0ACME',
        LATCHKEY_PUBLIC_URL: 'https://l.test',
      },
      ['two_ways_into_slack', 'SLACK_BOT_TOKEN'],
    ],
    [
      'an id of a workspace for the organisation',
      { ...ORGANISATION, SLACK_ENTERPRISE_ID: 'T0ACME' },
      ['bad_enterprise_id', 'SLACK_ENTERPRISE_ID'],
    ],
    [
      'an organisation without a secret',
      { ...ORGANISATION, SLACK_CLIENT_SECRET: '' },
      ['missing_variable', 'SLACK_CLIENT_SECRET'],
    ],
    [
      'an organisation without an address',
      { ...ORGANISATION, LATCHKEY_PUBLIC_URL: '' },
      ['missing_variable', 'LATCHKEY_PUBLIC_URL'],
    ],
    ['an app token of another kind', { SLACK_APP_TOKEN: 'xoxb-1' }, ['bad_token', 'SLACK_APP_TOKEN']],
    ['a database that is no Postgres', { DATABASE_URL: 'mysql://a/b' }, ['bad_url', 'DATABASE_URL']],
    [
      'a secret of a webhook that can be guessed',
      { ALERT_HOOK_SECRET: 'hunter2' },
      ['weak_secret', 'ALERT_HOOK_SECRET'],
    ],
    ['no address of Opsgenie', { OPSGENIE_API_URL: 'api' }, ['bad_url', 'OPSGENIE_API_URL']],
    ['no address of PagerDuty', { PAGERDUTY_API_URL: 'api' }, ['bad_url', 'PAGERDUTY_API_URL']],
    ['no address', { REDIS_URL: 'localhost' }, ['bad_url', 'REDIS_URL']],
    ['a lone percent sign', { REDIS_URL: 'redis://:p%q@host' }, ['bad_url', 'REDIS_URL']],
    ['another one, in the user', { REDIS_URL: 'redis://u%E4:p@host' }, ['bad_url', 'REDIS_URL']],
    ['parameters', { REDIS_URL: 'redis://host:6379/0?maxRetriesPerRequest=1' }, ['bad_url', 'REDIS_URL']],
    ['a user alone', { REDIS_URL: 'redis://someone@host' }, ['bad_url', 'REDIS_URL']],
    ['two hosts', { REDIS_URL: 'redis://one,two' }, ['bad_url', 'REDIS_URL']],
    ['a socket', { REDIS_URL: 'unix:///run/redis.sock' }, ['bad_url', 'REDIS_URL']],
    [
      'a CA that is a path',
      { REDIS_URL: 'rediss://host', LATCHKEY_REDIS_CA: '/etc/ca.pem' },
      ['bad_url', 'LATCHKEY_REDIS_CA'],
    ],
    ['a CA without TLS', { LATCHKEY_REDIS_CA: 'x' }, ['bad_url', 'LATCHKEY_REDIS_CA']],
    ['no host', { REDIS_URL: 'redis:///15' }, ['bad_url', 'REDIS_URL']],
    ['a database that is no number', { REDIS_URL: 'redis://host/main' }, ['bad_url', 'REDIS_URL']],
    ['a key that is too short', { LATCHKEY_SECRET_KEY: 'c2hvcnQ=' }, ['bad_secret_key', 'LATCHKEY_SECRET_KEY']],
    ['a key that is not base64', { LATCHKEY_SECRET_KEY: '!'.repeat(43) }, ['bad_secret_key', 'LATCHKEY_SECRET_KEY']],
    ['one bad key of two', { LATCHKEY_SECRET_KEY: `${KEY},x` }, ['bad_secret_key', 'LATCHKEY_SECRET_KEY']],
    ['a port that is text', { PORT: 'http' }, ['bad_port', 'PORT']],
    ['a port that is too high', { PORT: '70000' }, ['bad_port', 'PORT']],
    ['metrics on a port that is text', { LATCHKEY_METRICS_PORT: 'http' }, ['bad_port', 'LATCHKEY_METRICS_PORT']],
    ['metrics on the port of all else', { LATCHKEY_METRICS_PORT: '3000' }, ['bad_port', 'LATCHKEY_METRICS_PORT']],
    ['a host with its port', { LATCHKEY_HOST: '127.0.0.1:3000' }, ['bad_host', 'LATCHKEY_HOST']],
    ['a host that is an address of the web', { LATCHKEY_HOST: 'http://localhost' }, ['bad_host', 'LATCHKEY_HOST']],
    ['a host that is half an address', { LATCHKEY_HOST: '127.0.0' }, ['bad_host', 'LATCHKEY_HOST']],
    [
      'limits of Slack that are neither kept nor ignored',
      { LATCHKEY_SLACK_LIMITS: 'off' },
      ['bad_slack_limits', 'LATCHKEY_SLACK_LIMITS'],
    ],
    ['a log level that is none', { LATCHKEY_LOG_LEVEL: 'loud' }, ['bad_log_level', 'LATCHKEY_LOG_LEVEL']],
    ['a prefix with a colon', { LATCHKEY_REDIS_PREFIX: 'a:b' }, ['bad_redis_prefix', 'LATCHKEY_REDIS_PREFIX']],
    ['both a value and a file', { PORT: '1', PORT_FILE: '/x' }, ['unreadable_variable', 'PORT']],
    ['a file that is not there', { PORT_FILE: path.join(folder, 'nope') }, ['unreadable_variable', 'PORT']],
    ['an empty file', { PORT_FILE: fileWith('empty', '\n') }, ['unreadable_variable', 'PORT']],
    [
      'a file that is too large',
      { PORT_FILE: fileWith('large', 'x'.repeat(1_100_000)) },
      ['unreadable_variable', 'PORT'],
    ],
  ])('%s', (_name, env, problem) => expect(problemsOf({ ...GOOD, ...env })).toEqual([problem]));

  it('never repeats a secret', () => {
    const secret = 'hunter2-hunter2';
    const found = readEnvironment({
      SLACK_BOT_TOKEN: secret,
      SLACK_APP_TOKEN: secret,
      SLACK_SIGNING_SECRET: secret,
      DATABASE_URL: `ftp://a:${secret}@b`,
      REDIS_URL: secret,
      LATCHKEY_SECRET_KEY: secret,
      SLACK_API_URL: secret,
      PORT: secret,
    });
    expect('problems' in found && found.problems.length).toBeGreaterThanOrEqual(6);
    expect(JSON.stringify(found)).not.toContain(secret);
  });
});
