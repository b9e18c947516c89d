/** Who was let into a host and will not go: programs that end the one that is to end them, and two accounts that start one another's again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { ssh as provider } from '../../../src/providers/ssh/ssh.ts';
import { whyNoSshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import type { SshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import { connectTo, contextOf } from '../connection.ts';
import { createTarget, loginOf, must, type Login, type Target } from './target.ts';

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
  const processesOf = (uid: string): string => host.sh(`ps -e -o euid=,pid= | awk '$1 == ${uid} { print $2 }'`).trim();

  test('no process of the account can end, or look into, the one that ends them', async () => {
    const ctx = contextOf();
    const login = await granted(ctx);
    const uid = (await must(login, 'id -u')).trim();
    await must(login, 'setsid -f sleep 7100 >/dev/null 2>&1 </dev/null');
    host.sh(`cat >/usr/local/bin/perl <<'END'
#!/bin/bash
ls -l /proc/self/fd | awk '{ print $NF }' >>/tmp/fds
look='open(F, "/proc/self/status"); open(O, ">>/tmp/ids"); print O grep { /^Uid/ } <F>; close O;'
exec /usr/bin/perl -e "\${2/; kill /; $look kill }" "$3" "$4"
END
      chmod 755 /usr/local/bin/perl; touch /tmp/ids; chmod 666 /tmp/ids`);
    expect(await connection.close({}, undefined, ctx)).toBe('closed');
    host.sh('rm /usr/local/bin/perl');
    // Real and saved id are not the account's: Linux lets nobody signal or trace it by the effective one (kill(2), ptrace(2)).
    expect(host.sh('sort -u /tmp/ids').trim()).toMatch(new RegExp(`^Uid:\\s+2147400001\\s+${uid}\\s+0\\s+${uid}$`));
    expect(host.sh('cat /tmp/fds')).not.toMatch(/latchkey|socket:/);
    expect(processesOf(uid)).toBe('');
  });

  test('an account whose set-user-id program another account starts again and again is closed', async () => {
    const [ctx, other] = [contextOf(), contextOf()];
    const [login, beside] = [await granted(ctx), await granted(other)];
    const uid = (await must(login, 'id -u')).trim();
    await must(login, 'cp /bin/sleep /tmp/theirs; chmod 4755 /tmp/theirs');
    await must(
      beside,
      `setsid -f bash -c 'while :; do /tmp/theirs 5 & wait; done' >/dev/null 2>&1 </dev/null; setsid -f bash -c 'while :; do /tmp/theirs 5; done' >/dev/null 2>&1 </dev/null`,
    );
    expect(await connection.close({}, undefined, ctx)).toBe('closed');
    expect(processesOf(uid)).toBe('');
    // The other account is open.
    expect(await must(beside, 'echo in')).toBe('in\n');
    expect(await connection.revoke({}, undefined, other)).toBe('removed');
  });
});
