/** `latchkey exec` with the credentials that are not PostgreSQL's: a MariaDB client by its variables, OpenSSH by files. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import { whyNoSshHost } from '../../sandbox/src/embedded/ssh-host.ts';
import { createTarget as createHosts } from '../providers/ssh/target.ts';
import type { Target as Hosts } from '../providers/ssh/target.ts';
import { createTarget } from '../providers/mysql/target.ts';
import type { Target } from '../providers/mysql/target.ts';
import { githubJob, jobRules, startFront, startJob } from '../support/job.ts';
import type { Front, Job } from '../support/job.ts';
import { runCli } from '../support/process.ts';
import { untilRemoved } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const why = whyNoSshHost();
let issuer: StandInIssuer;
let front: Front;
let shop: Target;
let hosts: Hosts | null = null;
let world: World;

const sshTarget = ({ hosts: [host] }: Hosts): string => `
  web:
    title: Web servers
    provider: ssh
    config:
      hosts: [{ address: "127.0.0.1:${host?.port}", host_key: "${host?.hostKey}" }]
      ca_key: "\${WEB_CA_KEY}"
      helper: true
    owners: [dba]
    channel: "#prod-access"
    roles:
      shell: { title: Shell, scope: { user: per-grant }, max: 4h, default: 10m }`;

const rolesOf = ({ read }: Target): string => `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  shop-db:
    title: Shop database
    provider: mysql
    config: { url: "\${SHOP_DB_ADMIN_URL}" }
    owners: [dba]
    channel: "#prod-access"
    roles:
      read: { title: Read only, scope: { roles: [${read}] }, max: 4h, default: 10m }${hosts === null ? '' : sshTarget(hosts)}`;

beforeAll(async () => {
  await runCli(['exec', '--help'], {});
  issuer = await startIssuer();
  front = await startFront();
  shop = await createTarget();
  if (why === null) hosts = await createHosts();
  const owners = 'approvals: [{ from: owners }]';
  const atOnce = jobRules(issuer.url, front.url).replace(owners, `match: { clients: [api-deploy] }\n    approve: true`);
  world = await startWorld({ roles: rolesOf(shop), rules: atOnce });
  Object.assign(world.env, { SHOP_DB_ADMIN_URL: shop.managerUrl, WEB_CA_KEY: hosts?.caKey ?? '' });
  front.leadTo((await world.start()).port);
});
afterAll(async () => {
  await world.stop();
  await hosts?.drop();
  await shop.drop();
  await front.close();
  await issuer.stop();
});

const begin = (args: string[]): Job => startJob(args, { LATCHKEY_URL: front.url, ...githubJob(issuer) });
const wanting = (role: string): string[] => ['--role', role, '--for', '10m', '--reason', 'release 118'];

/** @returns what the job wrote, without its masks. */
const outputOf = async (job: Job): Promise<string> => {
  expect([await job.ended, job.err()]).toEqual([0, expect.stringContaining('given back') as string]);
  await untilRemoved(world);
  const lines = job.out().split('\n');
  return lines.filter((line) => !line.startsWith('::add-mask::')).join('\n');
};

test('a MariaDB client finds its server by the variables that clients of MySQL read', async () => {
  const script = `const { MYSQL_HOST: host, MYSQL_TCP_PORT: port, MYSQL_USER: user, MYSQL_PWD: password, MYSQL_DATABASE: database } = process.env;
    require('mysql2/promise').createConnection({ host, port: Number(port), user, password, database }).then(async (connection) => {
      const [rows] = await connection.query('select count(*) as n from orders');
      console.log('orders:', rows[0].n);
      await connection.end();
    });`;
  const job = begin(['exec', ...wanting('shop-db/read'), '--', process.execPath, '-e', script]);
  expect(await outputOf(job)).toContain('orders: 3');
});

describe.skipIf(why !== null)(`on a real host${why === null ? '' : ` (not run: ${why})`}`, () => {
  const SSH = 'ssh -F "$LATCHKEY_SSH/config" 127.0.0.1';

  test('OpenSSH gets in with a key of this job alone, which is gone with it', async () => {
    const script = `${SSH} id -un; stat -c '%a %n' "$LATCHKEY_SSH" "$LATCHKEY_SSH/key"; cat "$LATCHKEY_SSH/key"`;
    const job = begin(['exec', ...wanting('web/shell'), '--', 'sh', '-c', script]);
    const output = await outputOf(job);
    expect(output).toMatch(/^lk_\w+$/m);
    const [, folder = ''] = /^700 (\S+)$/m.exec(output) ?? [];
    expect(output).toContain(`600 ${folder}/key`);
    const secret = output.split('\n').find((line) => /^[A-Za-z0-9+/=]{64}$/.test(line)) ?? '';
    expect(job.out()).toContain(`::add-mask::${secret}`);
    expect(existsSync(folder)).toBe(false);
    expect(hosts?.hosts[0]?.sh('getent passwd | grep -c ^lk_ || true').trim()).toBe('0');
  });

  test('a host with another key is not entered', async () => {
    const other = `sed -i 's/AAAA[A-Za-z0-9+/=]*/AAAAC3NzaC1lZDI1NTE5AAAAIJKz2Wq4yXGJ3nO8vAbZxvGxG0mVqZ3qkXxE8JkJm3aZ/' "$LATCHKEY_SSH/known_hosts"`;
    const job = begin([
      'exec',
      ...wanting('web/shell'),
      '--',
      'sh',
      '-c',
      `${other}; ${SSH} id -un 2>&1; echo "exit $?"`,
    ]);
    const output = await outputOf(job);
    expect(output).toContain('exit 255');
    expect(output).not.toMatch(/^lk_/m);
  });

  test('a shell makes the same files from what credentials prints', async () => {
    const env = { LATCHKEY_URL: front.url, ...githubJob(issuer) };
    const step = async (args: string[]): Promise<string> => {
      const job = startJob(args, env);
      expect([await job.ended, job.err()]).toEqual([0, expect.any(String)]);
      return job.out();
    };
    const id = (await step(['request', ...wanting('web/shell')])).trim();
    await step(['wait', id]);
    const lines = await step(['credentials', id]);
    const output = execFileSync('sh', ['-c', `${lines}\n${SSH} id -un; rm -r "$LATCHKEY_SSH"`], { encoding: 'utf8' });
    expect(output).toMatch(/^lk_\w+\n$/);
    await step(['done']);
    await untilRemoved(world);
  });
});
