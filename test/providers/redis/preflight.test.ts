/** What `latchkey doctor` says of Latchkey's own user and of the nodes, and what `--sql` prints. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Finding } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import { connectTo, contextOf, textWith } from '../connection.ts';
import { createTarget, preparation, READ, runLines, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await createTarget();
});
afterAll(async () => await target.drop());

const findings = async (config: Json): Promise<Finding[]> => {
  const connection = connectTo(provider, config, { timeoutMs: 10_000 });
  const found = await connection.preflight?.({ read: READ }, contextOf());
  await connection.disconnect();
  return found ?? [];
};

test.each([
  'acl|setuser',
  'acl|deluser',
  'acl|save',
  'acl|dryrun',
  'acl|list',
  'acl|cat',
  'acl|whoami',
  'client|list',
  'client|kill',
  'command|info',
  'role',
])('a right that the user lacks is an error with the line that gives it: %s', async (right) => {
  const [server] = target.nodes;
  await server?.admin.call('ACL', 'SETUSER', 'latchkey', `-${right}`);
  const [finding, ...others] = await findings(target.config);
  expect({ level: finding?.level, code: finding?.code, others }).toEqual({
    level: 'error',
    code: 'no_rights',
    others: [],
  });
  const [line = ''] = /ACL SETUSER .*$/.exec(finding?.message ?? '') ?? [];
  if (server) await runLines(server, line);
  expect(await findings(target.config)).toEqual([]);
});

test('a user that may do everything is a warning', async () => {
  const url = target.nodes[0]?.url.replace('redis://:', 'redis://default:') ?? '';
  expect(await findings({ nodes: [url] })).toEqual([
    { level: 'warning', code: 'more_rights', message: textWith('~*') },
  ]);
});

test('a wrong password, a dead port and a server without TLS are findings in a sentence', async () => {
  const [url = ''] = target.urls;
  expect(await findings({ nodes: [url.replace('manager-secret-1', 'wrong')] })).toMatchObject([
    { level: 'error', code: 'misconfigured', message: textWith('(WRONGPASS)') },
  ]);
  const port = await freePort();
  expect(await findings({ nodes: [`redis://latchkey:x@127.0.0.1:${port}`] })).toMatchObject([
    { level: 'error', code: 'unavailable', message: textWith(`127.0.0.1:${port}`) },
  ]);
  const [tls] = await findings({ nodes: [url.replace('redis://', 'rediss://')] });
  expect(tls?.level).toBe('error');
  expect(JSON.stringify(tls)).not.toContain('manager-secret');
});

test('the printed line holds no password, may be run again, and keeps the password that was set', async () => {
  const text = await preparation(target.config);
  expect(text).toMatch(/^ACL SETUSER latchkey on resetkeys resetchannels clearselectors -@all (\+[a-z|]+ ?)+\n$/);
  const [server] = target.nodes;
  if (server) await runLines(server, text);
  expect(await findings(target.config)).toEqual([]);
});

test.each([
  [{ nodes: [] }, 'nodes', 'at least one'],
  [{ nodes: ['http://u:hunter22@h'] }, 'nodes.0', 'rediss://'],
  [{ nodes: ['redis://h'] }, 'nodes.0', 'user and password'],
  [{ nodes: ['redis://u:hunter22@h/3'] }, 'nodes.0', 'database number'],
  [{ nodes: ['redis://u:hunter22@h?x=1'] }, 'nodes.0', 'parameters'],
  [{ nodes: ['redis://u:hunter22@h', 'redis://u:hunter22@h:6379'] }, 'nodes', 'twice'],
  [{ nodes: ['redis://u:hunter22@a,b'] }, 'nodes.0', 'one host'],
])('a config that is wrong is a sentence without its secrets: %#', (config, path, message) => {
  const problems = provider.configProblems(config);
  expect(problems).toEqual([{ path, message: textWith(message) }]);
  expect(JSON.stringify(problems)).not.toContain('hunter22');
});

test('a node on another machine without TLS is a warning', () => {
  expect(
    provider.configWarnings({ nodes: ['redis://u:p@cache.internal', 'rediss://u:p@cache-2.internal'] }),
  ).toMatchObject([{ path: 'nodes.0', message: textWith('not encrypted') }]);
});
