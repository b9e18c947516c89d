/** What somebody who was let into a host could try, to keep some of it: nothing outlives the removal of the account. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { ssh as provider } from '../../../src/providers/ssh/ssh.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { whyNoSshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import type { SshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import { beforeItsDeadline, connectTo, contextOf, failureOf } from '../connection.ts';
import {
  accountsOf,
  createTarget,
  enter,
  loginOf,
  must,
  newKey,
  prepareHost,
  run,
  configOf,
  newCaKey,
  type Login,
  type Target,
} from './target.ts';

const why = whyNoSshHost();
const whyNoSudo = existsSync('/usr/sbin/visudo') ? null : 'sudo is not installed here';

/** An agent that has no key: that it would be forwarded is enough. */
const startAgent = async (): Promise<{ socket: string; stop: () => void }> => {
  const socket = path.join(mkdtempSync(path.join(tmpdir(), 'lk-agent-')), 'socket');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  await waitUntil(() => existsSync(socket), { timeoutMs: 30_000, what: 'the agent to listen' });
  return { socket, stop: () => void child.kill('SIGKILL') };
};

/** Everything of it that could go on: in sessions of its own, with other parents, by jobs, in files, as key, in memory. */
const KEEP = `exec 3>&1 >/dev/null 2>&1 </dev/null
keep() { setsid -f "$@" 3>&-; }
keep sleep 7001; (nohup sleep 7002 3>&- &); keep bash -c 'trap "" TERM HUP INT; while :; do sleep 7003; done'
keep bash -c 'while :; do (sleep 7004 &); sleep 0.05; done'
mkdir -p ~/.ssh /tmp/mine/deep; echo x >/tmp/mine/deep/x; echo x >/var/tmp/mine; echo x >/dev/shm/mine; echo 'ssh-ed25519 AAAA' >~/.ssh/authorized_keys
cp /bin/sleep /tmp/suid; chmod 4755 /tmp/suid; ln -s /etc/passwd /tmp/link; mkfifo /tmp/pipe; touch "/tmp/a
b" /tmp/-rf; mkdir -p /tmp/mine/shut; chmod 0 /tmp/mine/shut
ipcmk -M 100; ipcmk -S 1; ipcmk -Q
echo done >&3`;

describe.skipIf(why !== null)(`on a real host${why === null ? '' : ` (not run: ${why})`}`, () => {
  let target: Target;
  let host: SshHost;
  let connection: Connection<Json, Json>;
  beforeAll(async () => {
    target = await createTarget();
    [host] = target.hosts as [SshHost];
    connection = connectTo(provider, target.config);
  });
  afterAll(async () => {
    await connection?.disconnect();
    await target?.drop();
  });

  const granted = async (scope: Json, ctx: ProviderContext): Promise<Login> => {
    const { handle } = await connection.grant(scope, ctx);
    const { expiresAt } = ctx;
    return loginOf(
      connection.issue?.(scope, handle, { expiresAt, publicKey: target.key.publicKey }).secret,
      target.key,
    );
  };
  /** Whatever has the user id, anywhere on the host. */
  const leftOf = (uid: string): string =>
    host.sh(
      `for each in / /tmp /var/tmp /dev/shm /run /home; do find $each -xdev -uid ${uid} -print; done
      awk '$2 == "Uid:" && $3 == ${uid}' /proc/[0-9]*/status 2>/dev/null || true; grep -l '^Uid:.*${uid}' /proc/[0-9]*/status 2>/dev/null | while read -r f; do grep -q '^State:.*Z' $f || echo $f; done
      awk 'NR > 1 && / ${uid} /' /proc/sysvipc/shm /proc/sysvipc/sem /proc/sysvipc/msg; getent passwd ${uid} || true`,
    );

  test('nothing that they left is there after the end: processes, jobs, files, keys, memory', async () => {
    const ctx = contextOf();
    const login = await granted({}, ctx);
    const uid = (await must(login, 'id -u')).trim();
    // What cron, at and logind keep for a user, as their own programs write it.
    host.sh(`mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/lib/systemd/linger
      echo '* * * * * true' >/var/spool/cron/crontabs/${login.user}; chown ${uid} /var/spool/cron/crontabs/${login.user}
      touch /var/lib/systemd/linger/${login.user} /var/spool/cron/atjobs/a1; chown ${uid} /var/spool/cron/atjobs/a1`);
    expect(await must(login, KEEP)).toContain('done');
    const session = await enter(login);
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });
    expect(leftOf(uid).trim()).toBe('');
    expect(
      host.sh(`ls /var/lib/systemd/linger /var/spool/cron/crontabs /var/spool/cron/atjobs /etc/latchkey/ssh/keys`),
    ).not.toMatch(/lk_|a1/);
    expect((await run(login, 'true')).err).toContain('Permission denied');
  });

  test('a directory that another account swaps for a link, between the search and the removal, leads root nowhere', async () => {
    const [ctx, other] = [contextOf(), contextOf()];
    const [login, alive] = [await granted({}, ctx), await granted({}, other)];
    await must(alive, 'mkdir -p /tmp/theirs/d && chmod 777 /tmp/theirs/d');
    await must(login, 'mkdir /tmp/theirs/d/canary; echo x >/tmp/theirs/d/canary/x; echo x >/tmp/theirs/d/another');
    // The other account is always in time: the program that removes waits for it.
    host.sh(`mkdir /etc/canary; echo kept >/etc/canary/kept
      cat >/usr/local/bin/rm <<'END'
#!/bin/bash
case " $* " in *canary*) setpriv --reuid ${alive.user} --clear-groups bash -c 'mv /tmp/theirs/d /tmp/theirs/e && ln -s /etc /tmp/theirs/d';; esac
exec /bin/rm "$@"
END
      chmod 755 /usr/local/bin/rm`);
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    host.sh('/bin/rm /usr/local/bin/rm');
    // It did swap, what the account had left is gone, and nothing else.
    expect(host.sh('readlink /tmp/theirs/d; ls /tmp/theirs/e; ls /etc/canary')).toBe('/etc\nkept\n');
    await connection.revoke({}, undefined, other);
  });

  test('a helper of an earlier release still ends access, and doctor says to replace it', async () => {
    const ctx = contextOf();
    await granted({}, ctx);
    const codes = async (): Promise<string[]> =>
      ((await connection.preflight?.({}, ctx)) ?? []).map(({ code }) => code);
    expect(await codes()).toEqual([]);
    const helper = '/usr/local/lib/latchkey/latchkey-host';
    host.sh(`sed -i 's/^readonly VERSION=.*/readonly VERSION=1/' ${helper}`);
    expect(await codes()).toEqual(['old_helper']);
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    await prepareHost(host, target.config);
    expect(await codes()).toEqual([]);
  });

  test('the host cuts what is open at the deadline, though Latchkey does nothing', async () => {
    const { ctx, done } = await beforeItsDeadline(async (soon) => {
      const made = await granted({}, soon);
      return { login: made, session: await enter(made) };
    });
    const { login, session } = done;
    // Comes back once the process has ended.
    await must(login, 'setsid -f sleep 7005');
    await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the host to cut the session' });
    expect(Date.now()).toBeGreaterThanOrEqual(ctx.expiresAt.getTime());
    await waitUntil(() => host.sh('pgrep -fx "sleep 7005" || true') === '', {
      timeoutMs: 60_000,
      what: 'its process to end',
    });
    expect(
      (await failureOf(connection.extend?.({}, { user: login.user }, contextOf({ grantId: ctx.grantId })))).kind,
    ).toBe('denied');
    await connection.revoke({}, undefined, ctx);
  });

  test.each([
    ['remote', ['-N', '-R', '0:127.0.0.1:22', '-o', 'ExitOnForwardFailure=yes']],
    ['standard input', ['-W', '127.0.0.1:22']],
  ])('no forwarding unless the role says so: %s', async (_what, options) => {
    const ctx = contextOf();
    const login = await granted({}, ctx);
    const { code, err } = await run(login, null, options);
    expect({ code, err }).toEqual({ code: 255, err: expect.stringMatching(/prohibited|forwarding failed/) as string });
    await connection.revoke({}, undefined, ctx);
  });

  test('with forward ports are forwarded both ways, and never the agent or a display', async () => {
    const [ctx, scope] = [contextOf(), { forward: true }];
    const login = await granted(scope, ctx);
    // To sshd itself, which says who it is.
    expect((await run(login, null, ['-W', `127.0.0.1:${host.port}`])).out).toMatch(/^SSH-2\.0-/);
    const back = ['-R', '0:127.0.0.1:22', '-o', 'ExitOnForwardFailure=yes'];
    expect(await run(login, 'true', back)).toMatchObject({ code: 0 });
    const agent = await startAgent();
    vi.stubEnv('DISPLAY', ':9');
    const all = ['-X', '-o', `ForwardAgent=${agent.socket}`];
    expect((await run(login, 'echo "[$SSH_AUTH_SOCK][$DISPLAY]"', all)).out).toBe('[][]\n');
    vi.unstubAllEnvs();
    agent.stop();
    await connection.revoke(scope, undefined, ctx);
  });

  test('a forced command is all that runs, and a certificate of somebody else does not get in', async () => {
    const [ctx, other] = [contextOf(), contextOf()];
    const scope = { command: '/usr/bin/printf "%s" "only this"' };
    const login = await granted(scope, ctx);
    expect(await must(login, 'id -un')).toBe('only this');
    // A shell, and a subsystem.
    for (const [command, options] of [
      [null, []],
      ['sftp', ['-s']],
    ] as const)
      expect(await run(login, command, options)).toMatchObject({ code: 0, out: 'only this' });
    expect((await run(login, null, ['-W', '127.0.0.1:22'])).code).toBe(255);
    const mine = await granted({}, other);
    expect((await run({ ...mine, user: login.user }, 'true')).code).not.toBe(0);
    expect((await run({ ...mine, key: newKey() }, 'true')).code).not.toBe(0);
    await connection.revoke(scope, undefined, ctx);
    await connection.revoke({}, undefined, other);
  });

  test.skipIf(whyNoSudo !== null)(
    `sudo runs exactly what the role names, as root, and nothing once it is over${whyNoSudo === null ? '' : ` (not run: ${whyNoSudo})`}`,
    async () => {
      const [ctx, other] = [contextOf(), contextOf()];
      const some = { sudo: ['/usr/bin/id -u', '/usr/bin/whoami'] };
      const login = await granted(some, ctx);
      expect(await must(login, 'sudo -n /usr/bin/id -u')).toBe('0\n');
      expect(await must(login, 'sudo -n whoami')).toBe('root\n');
      for (const more of ['id', 'id -u -r', 'whoami --help', 'sh -c id', '-u daemon whoami', '-s'])
        expect([more, (await run(login, `sudo -n ${more}`)).code]).not.toEqual([more, 0]);
      const everything = { sudo: true };
      const root = await granted(everything, other);
      expect(await must(root, "sudo -n sh -c 'id -u'")).toBe('0\n');
      expect((await connection.preflight?.({ some }, ctx))?.flatMap(({ remains }) => remains?.sentences ?? [])).toEqual(
        [expect.stringContaining('made as root through sudo stay') as string],
      );
      const session = await enter(root);
      await connection.revoke(some, undefined, ctx);
      await connection.revoke(everything, undefined, other);
      await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });
      expect(host.sh('ls /etc/sudoers.d')).not.toMatch(/lk_/);
    },
  );

  test('an account with our name that Latchkey did not make is left alone, also by another ca_key', async () => {
    const ctx = contextOf();
    const name = `lk_${ctx.grantId}_ada_lovelace`;
    host.sh(`useradd -M -u 1234 ${name}`);
    expect((await failureOf(connection.grant({}, ctx))).kind).toBe('denied');
    expect((await failureOf(connection.revoke({}, undefined, ctx))).message).toContain(`userdel -r ${name}`);
    expect(await connection.listLookalikes?.({}, ctx)).toMatchObject([{ kind: 'lookalike', name }]);
    expect(accountsOf(host, ctx.grantId)).toEqual([name]);
    host.sh(`userdel ${name}`);
    const config = configOf(target.hosts, newCaKey());
    const stranger = connectTo(provider, config);
    expect((await failureOf(stranger.listOurs?.(ctx))).message).toContain('doctor --sql');
    await prepareHost(host, config);
    const mine = contextOf();
    await granted({}, mine);
    expect(await stranger.listOurs?.(ctx)).toEqual([]);
    expect(await stranger.revoke({}, undefined, mine)).toBe('already_absent');
    expect(await connection.check({}, undefined, mine)).toBe('present');
    await connection.revoke({}, undefined, mine);
    await stranger.disconnect();
  });

  test('drift finds what was changed by hand, puts back what is wider, and leaves closed what was closed', async () => {
    const ctx = contextOf();
    const { user } = await granted({}, ctx);
    const kinds = async (): Promise<string[]> => {
      const ours = (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId);
      return ours ? (connection.differences?.({}, ours, ctx.expiresAt) ?? []).map(({ kind }) => kind) : ['gone'];
    };
    expect(await kinds()).toEqual([]);
    for (const change of [
      `usermod -aG daemon ${user}`,
      `usermod -p x ${user}`,
      `echo '${target.key.publicKey}' >>/etc/latchkey/ssh/keys/${user}`,
      `mkdir -p /etc/sudoers.d; echo x >/etc/sudoers.d/latchkey_${user}`,
    ]) {
      host.sh(change);
      expect(await kinds()).toEqual(['wider']);
      await connection.restore?.({}, ctx);
      expect(await kinds()).toEqual([]);
    }
    host.sh(`rm /etc/latchkey/ssh/keys/${user}`);
    expect(await kinds()).toEqual(['closed']);
    expect((await failureOf(connection.restore?.({}, ctx))).kind).toBe('conflict');
    await connection.revoke({}, undefined, ctx);
    expect(await kinds()).toEqual(['gone']);
  });

  test('a host that is down or has another key fails the end with its name, and is done when it is back', async () => {
    const ctx = contextOf();
    const login = await granted({}, ctx);
    const [one] = (target.config as { hosts: { address: string; host_key: string }[] }).hosts;
    const wrong = connectTo(provider, {
      hosts: [{ ...one, host_key: newKey().publicKey }],
      ca_key: target.caKey,
      helper: true,
    });
    expect((await failureOf(wrong.check({}, undefined, ctx))).message).toContain('another key than the host_key');
    await wrong.disconnect();
    await host.stopSshd();
    const failure = await failureOf(connection.revoke({}, undefined, ctx));
    expect(failure).toMatchObject({ kind: 'unavailable' });
    expect(failure.message).toContain(`127.0.0.1:${host.port}`);
    await host.startSshd();
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    expect(accountsOf(host, login.user.split('_')[1] ?? '')).toEqual([]);
  });
});

test.each([
  [{ hosts: [] }, 'hosts', 'at least one host'],
  [{ hosts: [{ address: 'a b', host_key: 'KEY' }] }, 'hosts.0.address', 'must be a host'],
  [{ hosts: [{ address: '::1', host_key: 'KEY' }] }, 'hosts.0.address', 'brackets'],
  [{ hosts: [{ address: 'h', host_key: 'ssh-ed25519 AAAA' }] }, 'hosts.0.host_key', 'cut short'],
  [{ ca_key: 'secret' }, 'ca_key', 'ssh-keygen -t ed25519'],
  [{ helper: false }, 'helper', 'cannot be taken back'],
])('a config that is wrong is a sentence: %#', (change, path, message) => {
  const { publicKey } = newKey();
  const config = { hosts: [{ address: 'h:2222', host_key: publicKey }], ca_key: newCaKey(), helper: true, ...change };
  const filled = JSON.parse(JSON.stringify(config).replaceAll('"KEY"', JSON.stringify(publicKey))) as Json;
  expect(provider.configProblems(filled)).toEqual([{ path, message: expect.stringContaining(message) as string }]);
});

test.each([
  [{ user: 'deploy' }, 'user', 'per-grant'],
  [{ sudo: ['systemctl restart app'] }, 'sudo', 'path of a program'],
  [{ sudo: ['/bin/sh -c *'] }, 'sudo', 'exact arguments'],
  [{ sudo: ['/usr/local/bin/'] }, 'sudo', 'all of a directory'],
  [{ sudo: ['/usr/local/bin/ restart'] }, 'sudo', 'all of a directory'],
  [{ command: 'a\nb' }, 'command', 'one line'],
])('a scope by which something could be kept is refused when the policy is loaded: %j', (scope, path, message) => {
  const [problem] = provider.scopeProblems(scope);
  expect(problem?.path.startsWith(path)).toBe(true);
  expect(problem?.message).toContain(message);
});

test('what root is to run by hand removes no file by a path, which an account could have turned into a link', () => {
  const connection = connectTo(provider, {
    hosts: [{ address: 'h', host_key: newKey().publicKey }],
    ca_key: newCaKey(),
    helper: true,
  });
  const { statements = [] } = connection.manual?.({}, { user: 'lk_1_ada' }, contextOf()) ?? {};
  const removing = statements.filter((line) => line.includes('find '));
  expect(removing).toHaveLength(1);
  for (const line of removing)
    expect(line).toMatch(/^PATH=\/[^ ]+ find .* -execdir rm -rf --one-file-system -- \{\} \+$/);
});
