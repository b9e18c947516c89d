/** `latchkey exec` and its steps in jobs of a CI, with real servers, a real target, and a person who decides in Slack. */
import { untilRemoved } from '../support/story.ts';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { githubJob, jobRules, startFront, startJob } from '../support/job.ts';
import type { Front, Job } from '../support/job.ts';
import { runCli } from '../support/process.ts';
import { skipTime } from '../support/short-waits.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** A busy machine takes its time. */
const LONG = 120_000;
const WAIT = { timeoutMs: 60_000 };

let issuer: StandInIssuer;
let front: Front;
let world: World;
let app: App;

beforeAll(async () => {
  // Builds the bundle where a source is newer.
  await runCli(['exec', '--help'], {});
  issuer = await startIssuer();
  front = await startFront();
  world = await startWorld({ rules: jobRules(issuer.url, front.url) });
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await front.close();
  await issuer.stop();
});

const READ = ['--role', 'orders-db/read', '--for', '10m', '--reason', 'migration of release 118'];
const node = (script: string): string[] => ['--', process.execPath, '-e', script];
const MIGRATE = `const pg = require('pg'); const client = new pg.Client(); client.on('error', () => process.exit(9));
  client.connect().then(() => client.query('select count(*) from orders')).then(({ rows }) => { console.log('orders:', rows[0].count);`;
const STUBBORN = `for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => console.log('no'));
  console.log('running'); setInterval(() => undefined, 1000);`;

const begin = (args: string[], env: Record<string, string> = {}): Job =>
  startJob(args, { LATCHKEY_URL: front.url, ...githubJob(issuer), ...env });

const poll = async (met: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  await expect.poll(met, { timeout: 60_000, interval: 50, message: what }).toBe(true);
};

const until = async (job: Job, text: string): Promise<void> => {
  const said = (): string => `${job.out()}${job.err()}`;
  const isOver = (): boolean => job.child.exitCode !== null || job.child.signalCode !== null;
  await poll(() => said().includes(text) || isOver(), text);
  expect(said()).toContain(text);
};

const messages = () => world.slack.as('olga').messages('prod-access');

/** The newest request's message, when the job says that it waits. */
const asked = async (job: Job) => {
  await until(job, 'waits for');
  const [, id = ''] = /Request (\S+) for/.exec(job.err()) ?? [];
  return world.slack.waitFor(() => messages().findLast((message) => JSON.stringify(message).includes(id)), {
    what: 'the approval message',
    ...WAIT,
  });
};

const approve = async (job: Job): Promise<void> =>
  void (await world.slack.as('olga').click(await asked(job), 'approve'));

const noLogins = (): Promise<void> => poll(async () => (await world.logins()).length === 0, 'no login');

const lastEnd = async (): Promise<string> => {
  const [row] = await world.sql<{ cause: string }>(
    `select end_cause as cause from grants order by created_at desc limit 1`,
  );
  return row?.cause ?? '';
};

const stateOf = async (): Promise<string> => {
  const [row] = await world.sql<{ state: string }>(`select state from requests order by created_at desc limit 1`);
  return row?.state ?? '';
};

test(
  'a migration waits for a click, runs with the login, and gives it back',
  async () => {
    const env = { PGSERVICE: 'elsewhere', PGHOSTADDR: '192.0.2.1' };
    const job = begin(
      [
        'exec',
        ...READ,
        '--env',
        'DATABASE_URL=url',
        ...node(`${MIGRATE}
      console.log('names:', Object.keys(process.env).filter((name) => /TOKEN|PG|DATABASE/.test(name)).sort().join(' '));
      process.exit(3); })`),
      ],
      env,
    );
    await asked(job);
    expect(job.err()).toMatch(/waits for .*Olga/i);
    expect(job.out()).toBe('');
    await approve(job);
    expect(await job.ended).toBe(3);
    expect(job.out()).toContain('orders: 2');
    expect(job.out()).toContain('names: DATABASE_URL PGAPPNAME PGDATABASE PGHOST PGPASSWORD PGPORT PGUSER\n');
    expect(job.err()).toContain('given back');
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
    expect(await lastEnd()).toBe('done');
    const lines = job.out().split('\n');
    expect(lines[0]).toMatch(/^::add-mask::/);
    const masked = lines.filter((line) => line.startsWith('::add-mask::')).map((line) => line.slice(12));
    const rest = [...lines.filter((line) => !line.startsWith('::add-mask::')), job.err()].join('\n');
    expect(masked.filter((secret) => rest.includes(secret))).toEqual([]);
    await world.slack.waitFor(() => messages().some((message) => seen(message).includes('Exit code 3')), {
      what: 'the exit code in Slack',
      ...WAIT,
    });
  },
  LONG,
);

test(
  'with --file the password is in a file of mode 600 that is gone afterwards',
  async () => {
    const job = begin([
      'exec',
      ...READ,
      '--file',
      ...node(`${MIGRATE}
      const { PGPASSFILE: file, PGPASSWORD: password } = process.env;
      console.log('file', (require('fs').statSync(file).mode & 0o777).toString(8), password, file);
      process.exit(0); })`),
    ]);
    await approve(job);
    expect(await job.ended).toBe(0);
    expect(job.out()).toContain('orders: 2');
    const [, mode, password, file = ''] = /^file (\d+) (\S+) (\S+)$/m.exec(job.out()) ?? [];
    expect({ mode, password }).toEqual({ mode: '600', password: 'undefined' });
    expect(existsSync(file)).toBe(false);
  },
  LONG,
);

test(
  'a denial is 77 and says by whom and why; so is a rule that denies',
  async () => {
    const job = begin(['exec', ...READ, ...node('')]);
    await world.slack.as('olga').click(await asked(job), 'deny');
    await world.slack.waitFor(() => world.slack.as('olga').modal());
    await world.slack.as('olga').type('reason', 'not on a Friday');
    await world.slack.as('olga').submit();
    expect(await job.ended).toBe(77);
    expect(job.err()).toMatch(/denied by .*Olga.*: not on a Friday/i);
    const ruled = begin(['exec', '--role', 'orders-db/write', '--reason', 'migration of release', ...node('')]);
    expect(await ruled.ended).toBe(77);
    expect(ruled.err()).toContain('Not by a pipeline.');
  },
  LONG,
);

test(
  'what is not decided in time is 75, and its request is cancelled',
  async () => {
    const job = begin(['exec', ...READ, '--wait', '3s', ...node('')]);
    expect(await job.ended).toBe(75);
    expect(job.err()).toMatch(/Not decided in time: .*Olga/i);
    expect(await stateOf()).toBe('cancelled');
  },
  LONG,
);

test(
  'a server that is not there is 69, by the end of --wait',
  async () => {
    const begun = performance.now();
    const job = begin(['exec', ...READ, '--wait', '3s', ...node('')], { LATCHKEY_URL: 'http://127.0.0.1:9' });
    expect(await job.ended).toBe(69);
    expect(job.err()).toContain('Latchkey cannot be reached');
    expect(performance.now() - begun).toBeLessThan(30_000);
  },
  LONG,
);

test.each<[string, string[], Record<string, string>, string]>([
  ['no server', [...READ, ...node('')], { LATCHKEY_URL: '' }, 'LATCHKEY_URL is not set'],
  ['plain http', [...READ, ...node('')], { LATCHKEY_URL: 'http://latchkey.acme.test' }, 'https://'],
  ['no token', [...READ, ...node('')], { ACTIONS_ID_TOKEN_REQUEST_URL: '' }, 'id-token: write'],
  ['no role', ['--reason', 'x', ...node('')], {}, '--role'],
  ['no command', READ, {}, 'command'],
  ['a duration that is none', [...READ, '--wait', 'banana', ...node('')], {}, 'banana'],
  ['a role that does not exist', ['--role', 'orders-db/reed', '--reason', 'x', ...node('')], {}, 'unknown role'],
])(
  '%s is 64',
  async (...[, args, env, text]) => {
    const job = begin(['exec', ...args], env);
    expect(await job.ended).toBe(64);
    expect(job.err()).toContain(text);
  },
  LONG,
);

test(
  'SIGTERM while waiting cancels the request',
  async () => {
    const job = begin(['exec', ...READ, ...node('')]);
    await asked(job);
    job.child.kill('SIGTERM');
    expect(await job.ended).toBe(143);
    expect(await stateOf()).toBe('cancelled');
  },
  LONG,
);

test(
  'SIGTERM while a command runs that does not listen ends both in ten seconds, and gives back',
  async () => {
    const job = begin(['exec', ...READ, ...node(STUBBORN)]);
    await approve(job);
    await until(job, 'running');
    const begun = performance.now();
    job.child.kill('SIGTERM');
    expect(await job.ended).toBe(143);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(job.out()).toContain('no\n');
    await noLogins();
    expect(await lastEnd()).toBe('done');
  },
  LONG,
);

test(
  'after kill -9 the silence ends the access',
  async () => {
    const job = begin(['exec', ...READ, ...node(`setTimeout(() => undefined, 90000); console.log('running')`)]);
    await approve(job);
    await until(job, 'running');
    expect(await world.logins()).toHaveLength(1);
    job.child.kill('SIGKILL');
    await world.sql(`update heartbeats set heard_at = heard_at - interval '61 seconds'`);
    await noLogins();
    await poll(async () => (await lastEnd()) === 'client_lost', 'the cause');
  },
  LONG,
);

test(
  'access that ends before the command ends the command too',
  async () => {
    const job = begin(['exec', ...READ, ...node(`setInterval(() => undefined, 1000); console.log('running')`)]);
    await approve(job);
    await until(job, 'running');
    await world.sql(`update grants set expires_at = now() + interval '1 second' where state = 'active'`);
    expect(await job.ended).toBe(143);
    expect(job.err()).toMatch(/the command is being ended/);
    await noLogins();
  },
  LONG,
);

test(
  'a restart of the server while a job waits is survived',
  async () => {
    const job = begin(['exec', ...READ, ...node(`console.log('ran')`)]);
    const message = await asked(job);
    front.leadTo(null);
    await app.stop();
    app = await world.start();
    front.leadTo(app.port);
    await world.slack.as('olga').click(message, 'approve');
    expect(await job.ended).toBe(0);
    expect(job.out()).toContain('ran');
  },
  LONG,
);

test(
  'a command that is not there is 127, one that cannot be run is 126, and both give back',
  async () => {
    for (const [command, code] of [
      ['latchkey-no-such-command', 127],
      ['/etc/passwd', 126],
    ] as const) {
      const job = begin(['exec', ...READ, '--', command]);
      await approve(job);
      expect(await job.ended).toBe(code);
      await untilRemoved(world);
      expect(await world.logins()).toEqual([]);
    }
  },
  LONG,
);

test(
  'the same in steps: request, wait, credentials, done',
  async () => {
    const env = { LATCHKEY_URL: front.url, ...githubJob(issuer) };
    const request = startJob(['request', ...READ], env);
    expect(await request.ended).toBe(0);
    const id = request.out().trim();
    const early = startJob(['credentials', id], env);
    expect(await early.ended).toBe(75);
    const wait = startJob(['wait', id, '--json'], env);
    await approve(wait);
    expect(await wait.ended).toBe(0);
    expect(JSON.parse(wait.out())).toMatchObject({ id, state: 'active' });
    const credentials = startJob(['credentials', id, '--env', 'DATABASE_URL=url'], env);
    expect(await credentials.ended).toBe(0);
    expect(credentials.out()).toMatch(/^export PGHOST=[^]*export DATABASE_URL='postgresql:\/\//);
    expect(credentials.err()).toMatch(/^::add-mask::/);
    const done = startJob(['done'], env);
    expect(await done.ended).toBe(0);
    expect(done.err()).toContain('Given back');
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
  },
  LONG,
);

test(
  'one job runs two commands with the same role one after the other, each with a request and a decision of its own',
  async () => {
    const env = { LATCHKEY_URL: front.url, ...githubJob(issuer) };
    for (const word of ['first', 'second']) {
      const job = startJob(['exec', ...READ, ...node(`console.log('${word}')`)], env);
      await approve(job);
      expect(await job.ended).toBe(0);
      expect(job.out()).toContain(word);
      await untilRemoved(world);
    }
    const rows = await world.sql<{ cause: string; key: string }>(
      `select g.end_cause as cause, r.job ->> 'key' as key from grants g join requests r on r.id = g.request_id
       order by g.created_at desc limit 2`,
    );
    expect(rows.map(({ cause }) => cause)).toEqual(['done', 'done']);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(1);
    expect(await world.logins()).toEqual([]);
  },
  LONG,
);

test(
  'a job whose access a person revoked gets no second one',
  async () => {
    const env = { LATCHKEY_URL: front.url, ...githubJob(issuer) };
    const job = startJob(['exec', ...READ, ...node(`setInterval(() => undefined, 1000); console.log('running')`)], env);
    await approve(job);
    await until(job, 'running');
    const card = await world.slack.waitFor(
      () => messages().findLast((message) => JSON.stringify(message).includes('end_now')),
      { what: 'the card with its button', ...WAIT },
    );
    await world.slack.as('olga').click(card, 'end_now');
    expect(await job.ended).toBe(143);
    await noLogins();
    const again = startJob(['exec', ...READ, ...node('')], env);
    expect(await again.ended).toBe(77);
    expect(again.err()).toContain('has ended');
  },
  LONG,
);

test('a job that calls too often is told when it may again, and exec waits it out', { timeout: 300_000 }, async () => {
  const job = randomUUID();
  const token = await issuer.mint(githubClaims({ aud: front.url, check_run_id: job, run_id: job, actor_id: '7' }));
  const opened = await fetch(`${front.url}/api/v1/sessions`, { method: 'POST', body: JSON.stringify({ token }) });
  const { session } = (await opened.json()) as { session: string };
  const look = () => fetch(`${front.url}/api/v1/requests/none`, { headers: { authorization: `Bearer ${session}` } });
  let limited: Response | undefined;
  while (!limited) {
    const answers = await Promise.all(Array.from({ length: 100 }, look));
    limited = answers.find(({ status }) => status === 429);
  }
  expect(await limited.json()).toMatchObject({ code: 'too_many_calls', status: 429 });
  const seconds = Number(limited.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  // The server's minute goes by but for a quarter.
  skipTime(45_000);
  const env = { LATCHKEY_URL: front.url, LATCHKEY_ID_TOKEN: token };
  const waiting = startJob(['exec', ...READ, ...node(`console.log('ran')`)], env);
  await expect.poll(() => waiting.err(), { timeout: 120_000, message: 'the minute' }).toContain('waits for');
  await approve(waiting);
  expect(await waiting.ended).toBe(0);
  expect(waiting.out()).toContain('ran');
});
