/** What root cannot remove is said, by the end and by doctor; and what was hidden from the search starts nothing that goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { ssh as provider } from '../../../src/providers/ssh/ssh.ts';
import { whyNoSshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import type { SshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { createTarget, loginOf, must, run, type Login, type Target } from './target.ts';

const why = whyNoSshHost();

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

  const granted = async (ctx: ProviderContext): Promise<Login> => {
    const { handle } = await connection.grant({}, ctx);
    const { expiresAt } = ctx;
    return loginOf(connection.issue?.({}, handle, { expiresAt, publicKey: target.key.publicKey }).secret, target.key);
  };
  const uidOf = (user: string): string => host.sh(`id -u ${user}`).trim();

  test('what cannot be removed fails the removal, doctor names it, and it is removed once nothing holds it', async () => {
    // A mount in the account's folder; one in another folder of its own, named as lines of an answer; and one by FUSE, whose owner root cannot read.
    const odd = `$'/tmp/mine/it\\nend\\ndid\\tlk_other'`;
    const held = [
      {
        path: '/home/',
        make: 'mkdir ~/it',
        hold: 'mount -t tmpfs none /home/$USER_/it',
        release: 'umount /home/$USER_/it',
      },
      { path: '/tmp/mine', make: `mkdir -p ${odd}`, hold: `mount -t tmpfs none ${odd}`, release: `umount ${odd}` },
      {
        path: '/tmp/by-fuse',
        make: 'mkdir /tmp/by-fuse',
        hold: 'exec 5<>/dev/fuse; mount -i -t fuse -o fd=5,rootmode=40000,user_id=$UID_,group_id=$UID_ none /tmp/by-fuse',
        release: 'umount -l /tmp/by-fuse',
      },
    ];
    const all = [];
    for (const one of held) {
      const ctx = contextOf();
      const login = await granted(ctx);
      await must(login, one.make);
      const of = (script: string): string =>
        script.replaceAll('$USER_', login.user).replaceAll('$UID_', uidOf(login.user));
      const [hold, release] = [of(one.hold), of(one.release)];
      host.sh(hold);
      all.push({ ctx, login, release, path: one.path });
    }
    for (const { ctx, path } of all)
      expect(await failureOf(connection.revoke({}, undefined, ctx))).toMatchObject({
        kind: 'misconfigured',
        message: textWith(`could not be removed: ${path}`),
      });
    for (const { login, ctx } of all) {
      // Nobody gets in meanwhile, and the host is not taken for done.
      expect((await run(login, 'true')).err).toContain('Permission denied');
      expect(await connection.check({}, undefined, ctx)).toBe('present');
    }
    const said = (await connection.preflight?.({}, contextOf())) ?? [];
    expect(said.map(({ code, level }) => `${level} ${code}`)).toEqual(held.map(() => 'error files_left'));
    for (const { login, path } of all)
      expect(said.some(({ message }) => message.includes(login.user) && message.includes(path))).toBe(true);
    for (const { release } of all) host.sh(release);
    for (const { ctx } of all) expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    expect(await connection.preflight?.({}, contextOf())).toEqual([]);
  });

  test('a name with a line break, at which something is mounted, is no argument of the search', async () => {
    const ctx = contextOf();
    const login = await granted(ctx);
    // `find -quit` harms nothing. `find -delete`, in the folder where the helper starts, would remove the whole host.
    host.sh(`mkdir -p $'/srv/a\\n-quit' && mount -t tmpfs none $'/srv/a\\n-quit'
      cat >/usr/local/bin/find <<'END'
#!/bin/bash
printf '%q\\n' "$1" >>/run/searched
exec /usr/bin/find "$@"
END
      chmod 755 /usr/local/bin/find`);
    await must(login, 'touch /tmp/mine-too');
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    host.sh(`rm /usr/local/bin/find; umount $'/srv/a\\n-quit'`);
    const searched = host.sh('cat /run/searched').split('\n');
    expect(searched).toContain('/tmp');
    expect(searched.filter((first) => first.startsWith('-'))).toEqual([]);
  });

  test('a program that another account keeps for one that ended is removed with it, and what it starts ends with the other', async () => {
    const [ctx, other] = [contextOf(), contextOf()];
    const [login, alive] = [await granted(ctx), await granted(other)];
    const uid = uidOf(login.user);
    // Open while the program is put there, and shut before the search for folders in which others may write.
    await must(alive, 'mkdir ~/kept && chmod 777 ~/kept && chmod 711 ~');
    await must(
      login,
      `cp /usr/bin/perl /home/${alive.user}/kept/program && chmod 4755 /home/${alive.user}/kept/program`,
    );
    await must(alive, 'chmod 755 ~/kept');
    expect(await connection.revoke({}, undefined, ctx)).toBe('removed');
    expect(host.sh(`find /home -uid ${uid}`)).toBe('');
    // As after a folder that was moved about while it was searched.
    host.sh(`cd /home/${alive.user} && cp /usr/bin/perl program && chown ${uid}:${uid} program && chmod 4755 program`);
    const start = `$ENV{PATH} = "/bin"; $< = $>; exec "sleep", "7010"`;
    await must(alive, `setsid -f ./program -e '${start}' </dev/null >/dev/null 2>&1`);
    expect(host.sh('ps -C sleep -o ruid=,args= | grep 7010').trim()).toBe(`${uid} sleep 7010`);
    expect(await connection.revoke({}, undefined, other)).toBe('removed');
    expect(host.sh('pgrep -fx "sleep 7010" || true')).toBe('');
    expect(host.sh('ls /var/lib/latchkey')).not.toContain('past_uids');
  });
});
