import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { removePostgres, startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { isRunning } from '../../sandbox/src/embedded/process.ts';
import { removeRedis, startRedis } from '../../sandbox/src/embedded/redis.ts';
import { testServices } from '../support/services.ts';

const { downloadDir, runDir } = testServices();
const folder = mkdtempSync(path.join(runDir, 'embedded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

/** Starts the server in another process, kills that process with -9, and gives the URL the server had. */
async function startAndKillOwner(
  name: 'startPostgres' | 'startRedis',
  baseDir: string,
): Promise<{ url: string; pid: number }> {
  const file = new URL(
    `../../sandbox/src/embedded/${name === 'startPostgres' ? 'postgres' : 'redis'}.ts`,
    import.meta.url,
  ).href;
  const options = JSON.stringify({ isForTests: true, downloadDir });
  const script = `const m = await import(${JSON.stringify(file)}); const s = await m.${name}(${JSON.stringify(baseDir)}, ${options});
    process.stdout.write(JSON.stringify({ url: s.url, pid: s.pid })); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [started] = (await once(owner.stdout, 'data')) as [Buffer];
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  return JSON.parse(started.toString()) as { url: string; pid: number };
}

async function redis(url: string, ...commands: string[]): Promise<string> {
  const { connect } = await import('node:net');
  const { port, password } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let reply = '';
  socket.on('data', (chunk) => (reply += chunk.toString()));
  socket.end([`AUTH ${password}`, ...commands, ''].join('\r\n'));
  await once(socket, 'close');
  return reply;
}

describe('embedded Postgres', () => {
  const baseDir = path.join(folder, 'keeps');

  test('a second start finds the same URL and the data of the first', async () => {
    const first = await startPostgres(baseDir);
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);
    const second = await startPostgres(baseDir);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('it listens on loopback only and asks for the password', async () => {
    const server = await startPostgres(baseDir);
    expect(await query(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await server.stop();
  });

  test('after kill -9 of the server the next start recovers what was committed', async () => {
    const first = await startPostgres(baseDir);
    await query(first.url, 'create table survived as select 7 as answer');
    await first.kill();
    const second = await startPostgres(baseDir);
    expect(await query(second.url, 'select answer from survived')).toEqual([{ answer: 7 }]);
    await second.stop();
  });

  test('after kill -9 of its owner the next start takes the running server over, and can stop it', async () => {
    const left = await startAndKillOwner('startPostgres', baseDir);
    expect(isRunning(left.pid)).toBe(true);
    const taken = await startPostgres(baseDir);
    expect(taken).toMatchObject(left);
    await taken.stop();
    expect(isRunning(left.pid)).toBe(false);
  });

  test('a lock file whose process number now belongs to another program does not keep it from starting', async () => {
    const first = await startPostgres(baseDir);
    const dataDir =
      ((await query(first.url, 'show data_directory')) as { data_directory: string }[])[0]?.data_directory ?? '';
    const lockFile = path.join(dataDir, 'postmaster.pid');
    const lock = readFileSync(lockFile, 'utf8').replace(/^\d+/, String(process.pid));
    await first.kill();
    writeFileSync(lockFile, lock);
    const second = await startPostgres(baseDir);
    expect(await query(second.url, 'select 1 as up')).toEqual([{ up: 1 }]);
    await second.remove();
    expect(existsSync(dataDir)).toBe(false);
  });

  test.runIf(process.getuid?.() === 0)('root in a private home gets one too', async () => {
    const home = path.join(folder, 'private-home');
    await promisify(execFile)('mkdir', ['-m', '0700', home]);
    const server = await startPostgres(path.join(home, 'project/.data'), { isForTests: true });
    expect(await query(server.url, 'select 1 as up')).toEqual([{ up: 1 }]);
    await server.remove();
  });
});

test('what a killed process left running can be removed, and where nothing is, nothing happens', async () => {
  const baseDir = path.join(folder, 'left');
  const left = [await startAndKillOwner('startPostgres', baseDir), await startAndKillOwner('startRedis', baseDir)];
  expect(left.map(({ pid }) => isRunning(pid))).toEqual([true, true]);
  await removePostgres(baseDir);
  await removeRedis(baseDir);
  expect(left.map(({ pid }) => isRunning(pid))).toEqual([false, false]);
  await removePostgres(baseDir);
  await removeRedis(baseDir);
  expect(readdirSync(baseDir)).toEqual([]);
});

describe('embedded Redis', () => {
  const baseDir = path.join(folder, 'redis-keeps');

  test('a second start finds the same URL and the data of the first, even after kill -9', async () => {
    const first = await startRedis(baseDir, { downloadDir });
    expect(await redis(first.url, 'SET kept 42', 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    await first.stop();
    const second = await startRedis(baseDir, { downloadDir });
    expect(second.url).toBe(first.url);
    expect(await redis(second.url, 'INCR kept')).toContain(':43');
    await second.kill();
    const third = await startRedis(baseDir, { downloadDir });
    expect(await redis(third.url, 'DBSIZE')).toContain(':1');
    await third.remove();
  });

  test('after kill -9 of its owner the next start takes the running server over', async () => {
    const left = await startAndKillOwner('startRedis', baseDir);
    const taken = await startRedis(baseDir, { isForTests: true, downloadDir });
    expect(taken).toMatchObject(left);
    await taken.remove();
    expect(isRunning(left.pid)).toBe(false);
  });

  test('without the password it tells nothing', async () => {
    const server = await startRedis(baseDir, { isForTests: true, downloadDir });
    const stranger = new URL(server.url);
    stranger.password = 'wrong';
    expect(await redis(stranger.href, 'KEYS *')).toMatch(/WRONGPASS[^]*NOAUTH/);
    await server.remove();
  });

  test('a port that is taken ends the start with what Redis said', async () => {
    const { url } = await startRedis(baseDir, { isForTests: true, downloadDir });
    const other = path.join(folder, 'redis-other');
    await expect(startRedis(other, { isForTests: true, downloadDir, port: Number(new URL(url).port) })).rejects.toThrow(
      /did not start.*in use/s,
    );
    await (await startRedis(baseDir, { isForTests: true, downloadDir })).remove();
  });
});
