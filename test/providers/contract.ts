/** The promises of `provider.ts`, held against one provider on a real target: each provider's `contract.test.ts` calls this for each of its worlds. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../src/domain/json.ts';
import type { AnyProvider } from '../../src/providers/any-provider.ts';
import type { Connection, Granted, ProviderContext } from '../../src/providers/provider.ts';
import { beforeItsDeadline, connectTo, contextOf } from './connection.ts';
import type { Visit, World, WorldOption } from './worlds.ts';

export const holdToContract = (provider: AnyProvider, option: WorldOption): void => {
  describe(`${provider.id} on ${option.title}`, () => {
    promises(provider, option);
  });
};

const promises = (provider: AnyProvider, { open }: WorldOption): void => {
  let world: World;
  let connection: Connection<Json, Json>;

  beforeAll(async () => {
    world = await open();
    connection = connectTo(provider, world.config);
  });
  afterAll(async () => {
    await connection.disconnect();
    await world.close();
  });

  /** What it promises of its end, which may hang on the target. */
  const endsItself = (): boolean => connection.guarantee(world.roles.read.scope).endsBy !== 'revoke';

  const granted = async (ctx: ProviderContext, role: 'read' | 'write' = 'read'): Promise<Granted<Json>> =>
    credentialsOf(await connection.grant(world.roles[role].scope, ctx), ctx, role);
  /** As they are shown at this moment. */
  const credentialsOf = (
    access: Granted<Json>,
    { expiresAt }: ProviderContext,
    role: 'read' | 'write' = 'read',
  ): Granted<Json> => {
    const { publicKey = '' } = world;
    const { scope } = world.roles[role];
    return { ...access, ...connection.issue?.(scope, access.handle, { expiresAt, publicKey }) };
  };
  const check = async (handle: Json | undefined, ctx: ProviderContext): Promise<string> =>
    await connection.check(world.roles.read.scope, handle, ctx);
  const revoke = async (handle: Json | undefined, ctx: ProviderContext): Promise<string> =>
    await connection.revoke(world.roles.read.scope, handle, ctx);
  const close = async (handle: Json | undefined, ctx: ProviderContext): Promise<string> =>
    await connection.close(world.roles.read.scope, handle, ctx);
  const isCut = async (visit: Visit): Promise<void> =>
    await waitUntil(visit.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });

  test('its configuration and scopes have no problems', () => {
    expect(provider.configProblems(world.config)).toEqual([]);
    expect(provider.scopeProblems(world.roles.write.scope)).toEqual([]);
  });

  test('a config or scope of the wrong shape is a problem with a path and a sentence', () => {
    const scopes: Json[] = world.takesAnyScope ? ['nonsense'] : ['nonsense', { nonsense: 1 }];
    for (const problems of [provider.configProblems({ nonsense: 1 }), ...scopes.map(provider.scopeProblems)]) {
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems)
        expect(problem).toEqual({
          path: expect.any(String) as string,
          message: expect.stringMatching(/\w+ \w+/) as string,
        });
    }
  });

  test('before the grant there is nothing, and revoking it is no failure', async () => {
    const ctx = contextOf();
    expect(await check(undefined, ctx)).toBe('absent');
    expect(await revoke(undefined, ctx)).toBe('already_absent');
  });

  test('a granted read lets its person in as the right role, and writing is refused', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    expect(await check(access.handle, ctx)).toBe('present');
    const visit = await world.enter(access.secret);
    const who = await visit.whoAmI();
    expect(who.actingAs).toBe(world.roles.read.actsAs);
    expect(who.person).toContain(ctx.grantId);
    expect(await visit.read()).toBe(3);
    await expect(visit.write()).rejects.toBeInstanceOf(Error);
    await visit.leave();
    await revoke(access.handle, ctx);
  });

  test('a granted write acts as the role that was asked for, and may write', async () => {
    const ctx = contextOf();
    const access = await granted(ctx, 'write');
    const visit = await world.enter(access.secret);
    expect((await visit.whoAmI()).actingAs).toBe(world.roles.write.actsAs);
    await visit.write();
    await visit.leave();
    await revoke(access.handle, ctx);
  });

  test('granting twice with one grant id is one access, and the last secret works', async () => {
    const ctx = contextOf();
    const first = await granted(ctx);
    const second = await granted({ ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 60_000) });
    expect(second.handle).toEqual(first.handle);
    expect(await world.countOf(ctx.grantId)).toBe(1);
    await (await world.enter(second.secret)).leave();
    await revoke(second.handle, ctx);
  });

  test('granting twice at the same moment is one access', async () => {
    const ctx = contextOf();
    const both = await Promise.all([granted(ctx), granted(ctx)]);
    expect(both[0].handle).toEqual(both[1].handle);
    expect(await world.countOf(ctx.grantId)).toBe(1);
    await revoke(undefined, ctx);
  });

  test('the end cuts an open session, refuses the secret, and may be repeated', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const visit = await world.enter(access.secret);
    expect(await revoke(access.handle, ctx)).toBe('removed');
    await isCut(visit);
    await expect(visit.read()).rejects.toBeInstanceOf(Error);
    await expect(world.enter(access.secret)).rejects.toBeInstanceOf(Error);
    expect(await world.countOf(ctx.grantId)).toBe(0);
    expect(await check(access.handle, ctx)).toBe('absent');
    expect(await revoke(access.handle, ctx)).toBe('already_absent');
    expect(await revoke(undefined, ctx)).toBe('already_absent');
  });

  test('the end needs no handle: a crash may have come before it was saved', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const visit = await world.enter(access.secret);
    expect(await check(undefined, ctx)).toBe('present');
    expect(await revoke(undefined, ctx)).toBe('removed');
    await isCut(visit);
    expect(await check(undefined, ctx)).toBe('absent');
  });

  test('the first stroke closes: the session is cut and the secret refused, and what was made is still there', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const visit = await world.enter(access.secret);
    expect(await close(access.handle, ctx)).toBe('closed');
    await isCut(visit);
    expect(await isRefused(world, access)).toBe(true);
    // Where the end is one step, nothing is left after it.
    const isLeft = (await world.countOf(ctx.grantId)) === 1;
    expect(await check(access.handle, ctx)).toBe(isLeft ? 'present' : 'absent');
    expect(await close(access.handle, ctx)).toBe(isLeft ? 'closed' : 'absent');
    expect(await revoke(access.handle, ctx)).toBe(isLeft ? 'removed' : 'already_absent');
    expect(await world.countOf(ctx.grantId)).toBe(0);
    expect(await close(access.handle, ctx)).toBe('absent');
  });

  test('both strokes need no handle, and there is nothing to close before the grant', async () => {
    const ctx = contextOf();
    expect(await close(undefined, ctx)).toBe('absent');
    const access = await granted(ctx);
    const visit = await world.enter(access.secret);
    expect(await close(undefined, ctx)).toBe('closed');
    await isCut(visit);
    expect(await isRefused(world, access)).toBe(true);
    await revoke(undefined, ctx);
    expect(await check(undefined, ctx)).toBe('absent');
  });

  test('what is closed is not opened again by more time', async ({ skip }) => {
    skip(!connection.extend, 'this target has no deadline to move');
    const ctx = contextOf();
    const access = await granted(ctx);
    await close(access.handle, ctx);
    const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 600_000) };
    await expect(connection.extend?.(world.roles.read.scope, access.handle, later)).rejects.toBeInstanceOf(Error);
    expect(await isRefused(world, access)).toBe(true);
    await revoke(access.handle, ctx);
  });

  test('strokes that meet all succeed, and what is removed is not there afterwards', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const struck = [close(access.handle, ctx), revoke(access.handle, ctx), close(undefined, ctx)];
    await Promise.all(struck);
    expect(await check(access.handle, ctx)).toBe('absent');
    expect(await isRefused(world, access)).toBe(true);
  });

  test('two ends at the same moment both succeed', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const outcomes = await Promise.all([
      revoke(access.handle, ctx),
      revoke(access.handle, ctx),
      revoke(undefined, ctx),
    ]);
    expect(outcomes).toContain('removed');
    expect(await check(access.handle, ctx)).toBe('absent');
  });

  test('the end of one grant leaves the other grant of the same person alone', async () => {
    const [one, other] = [contextOf(), contextOf()];
    const [first, second] = [await granted(one), await granted(other)];
    const visit = await world.enter(second.secret);
    await revoke(first.handle, one);
    expect(await visit.read()).toBe(3);
    await visit.leave();
    await revoke(second.handle, other);
  });

  test('it lists what it made and still exists, with grant id and deadline', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const list = (await connection.listOurs?.(ctx)) ?? [];
    expect(list).toContainEqual(
      expect.objectContaining({ grantId: ctx.grantId, handle: access.handle, expiresAt: ctx.expiresAt }),
    );
    await revoke(access.handle, ctx);
    expect((await connection.listOurs?.(ctx))?.map(({ grantId }) => grantId)).not.toContain(ctx.grantId);
  });

  test('at the deadline the target refuses the secret though Latchkey does nothing', async ({ skip }) => {
    skip(!endsItself(), ONLY_REVOKED);
    const { ctx, done: access } = await beforeItsDeadline(async (soon) => {
      const made = await granted(soon);
      await (await world.enter(made.secret)).leave();
      return made;
    });
    await waitUntil(() => isRefused(world, access), { timeoutMs: 60_000, what: 'the target to refuse the login' });
    expect(Date.now()).toBeGreaterThanOrEqual(ctx.expiresAt.getTime());
    await revoke(access.handle, ctx);
  });

  test('an extended grant outlives its first deadline', async ({ skip }) => {
    skip(!endsItself(), ONLY_REVOKED);
    const inTenMinutes = new Date(Date.now() + 600_000);
    const { ctx, done: access } = await beforeItsDeadline(async (soon) => {
      const made = await granted(soon);
      await connection.extend?.(world.roles.read.scope, made.handle, { ...soon, expiresAt: inTenMinutes });
      return made;
    });
    const later = { ...ctx, expiresAt: inTenMinutes };
    await waitUntil(() => Date.now() > ctx.expiresAt.getTime() + 100, {
      timeoutMs: 60_000,
      what: 'the first deadline',
    });
    const visit = await world.enter(credentialsOf(access, later).secret);
    expect(await visit.read()).toBe(3);
    await visit.leave();
    await revoke(access.handle, later);
  });

  test('a moved deadline is read back, and what has ended is not brought back', async ({ skip }) => {
    skip(!endsItself(), ONLY_REVOKED);
    const ctx = contextOf({ lastsMs: 60_000 });
    const access = await granted(ctx);
    const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 600_000) };
    const deadlineOf = async (): Promise<Date | null | undefined> =>
      (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId)?.expiresAt;
    await connection.extend?.(world.roles.read.scope, access.handle, later);
    expect(await deadlineOf()).toEqual(later.expiresAt);
    await connection.extend?.(world.roles.read.scope, access.handle, ctx);
    expect(await deadlineOf()).toEqual(ctx.expiresAt);
    await revoke(access.handle, ctx);
    await expect(connection.extend?.(world.roles.read.scope, access.handle, later)).rejects.toMatchObject({
      kind: 'denied',
    });
    expect(await check(access.handle, ctx)).toBe('absent');
    expect(await isRefused(world, access)).toBe(true);
  });

  test('two grants have handles of their own, unless the provider says that they share', async () => {
    const [one, other] = [contextOf(), contextOf()];
    const [first, second] = [await granted(one), await granted(other)];
    const isSame = isDeepStrictEqual(second.handle, first.handle);
    expect(isSame && !provider.isShared(world.roles.read.scope)).toBe(false);
    await revoke(first.handle, one);
    await revoke(second.handle, other);
    expect(await check(second.handle, other)).toBe('absent');
  });

  test('many are ended at once, each with its own outcome in the order given', async () => {
    if (!connection.revokeMany) return;
    const contexts = [contextOf(), contextOf(), contextOf()];
    const accesses = await Promise.all(
      [contexts[0], contexts[2]].map(async (ctx) => await granted(ctx ?? contextOf())),
    );
    const [first, last] = await Promise.all(accesses.map(async (access) => await world.enter(access.secret)));
    const handles = [accesses[0]?.handle, undefined, undefined];
    const items = contexts.map(({ grantId }, n) => ({ scope: world.roles.read.scope, handle: handles[n], grantId }));
    expect(await connection.closeMany?.(items, contextOf())).toEqual(['closed', 'absent', 'closed']);
    for (const visit of [first, last]) if (visit) await isCut(visit);
    await connection.revokeMany(items, contextOf());
    expect(await connection.closeMany?.(items, contextOf())).toEqual(['absent', 'absent', 'absent']);
    for (const ctx of contexts) expect(await world.countOf(ctx.grantId)).toBe(0);
  });

  test('an access that somebody is in shows up as in use with how long, and one that nobody entered does not', async () => {
    const { activity } = connection;
    if (!activity) return;
    const [used, unused] = [contextOf(), contextOf()];
    const [access, other] = [await granted(used), await granted(unused)];
    const inUse = async (): Promise<string[]> => (await activity(contextOf())).map(({ grantId }) => grantId);
    expect(await inUse()).not.toContain(used.grantId);
    const before = performance.now();
    const visit = await world.enter(access.secret);
    const seen = (await activity(contextOf())).filter(({ grantId }) => grantId === used.grantId);
    expect(seen).toEqual([{ grantId: used.grantId, forMs: expect.any(Number) as number }]);
    expect(seen[0]?.forMs).toBeGreaterThanOrEqual(0);
    expect(seen[0]?.forMs).toBeLessThanOrEqual(performance.now() - before);
    expect(await inUse()).not.toContain(unused.grantId);
    await visit.leave();
    await waitUntil(async () => !(await inUse()).includes(used.grantId), {
      timeoutMs: 60_000,
      what: 'the visit to end',
    });
    await revoke(access.handle, used);
    await revoke(other.handle, unused);
  });

  test('what an end cuts is told as use where the target tells of use at all', async () => {
    if (!connection.activity) return;
    const contexts = [contextOf(), contextOf(), contextOf()] as const;
    const [alone, unused, together] = [
      await granted(contexts[0]),
      await granted(contexts[1]),
      await granted(contexts[2]),
    ];
    const visits = [await world.enter(alone.secret), await world.enter(together.secret)];
    const told = new Set<string>();
    const onInUse = ({ grantId }: { grantId: string }): unknown => told.add(grantId);
    const { scope } = world.roles.read;
    await connection.revoke(scope, alone.handle, { ...contexts[0], onInUse });
    expect([...told]).toEqual([contexts[0].grantId]);
    const items = [
      { scope, handle: unused.handle, grantId: contexts[1].grantId },
      { scope, handle: together.handle, grantId: contexts[2].grantId },
    ];
    if (connection.revokeMany) await connection.revokeMany(items, { ...contextOf(), onInUse });
    else await connection.revoke(scope, together.handle, { ...contexts[2], onInUse });
    expect([...told]).toEqual([contexts[0].grantId, contexts[2].grantId]);
    for (const visit of visits) await isCut(visit);
    await revoke(unused.handle, contexts[1]);
  });

  test('a look at the prepared target finds nothing to fix', async () => {
    const { read, write } = world.roles;
    const findings = await connection.preflight?.({ read: read.scope, write: write.scope }, contextOf());
    // The write group may create tables here, which is meant.
    expect(findings?.filter(({ code }) => code !== 'group_leaves_behind')).toEqual([]);
  });
};

const ONLY_REVOKED = 'this target ends nothing by itself';

const isRefused = async (world: World, access: Granted<Json>): Promise<boolean> => {
  const [attempt] = await Promise.allSettled([world.enter(access.secret)]);
  if (attempt.status === 'fulfilled') await attempt.value.leave();
  return attempt.status === 'rejected';
};
