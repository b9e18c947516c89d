/**
 * What every membership keeps, on its own target: a person's own account in a list, which two grants share and which has no secret. It says
 * of memberships what `contract.ts` says of logins. Each provider plugs in how things happen there without Latchkey's doing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fairWeather, type Weather } from '../../sandbox/src/embedded/weather.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Connection, ProviderContext, ProviderErrorKind } from '../../src/providers/provider.ts';
import { contextOf, failureOf, textWith } from './connection.ts';

type Opened = Connection<Json, Json>;
type Scope = Record<string, Json>;

/** A list whose name another list takes. `take` gives the id of that one, and `inTaker` says who is in it. */
export type TakenName = { name: string; id: string; take: () => string; inTaker: () => string[] };

/** Each test of the file begins with nobody in, and Ada and Olga as they were first: by the file, or since each test cleans up. */
export type MemberWorld = {
  /** Where a provider has several. */
  what?: string;
  /** A new one, that knows nothing yet. */
  open: () => Opened;
  scope: Scope;
  /** The names of two people there. */
  ada: string;
  olga: string;
  /** What is read of Ada's account. */
  account: string;
  /** Who is in, asked past the provider: "ada" and "olga" for those two. */
  membersIn: () => string[];
  /** From now on Olga's account has Ada's name, and Ada's another one. */
  swapNames?: () => void;
  /** Ada's account may not be used any more, or may again. */
  block?: (isBlocked: boolean) => void;
  /** Names that are nobody's, and the words for that. */
  nobody?: { names: readonly string[]; why: string };
  /** `found`: finds Ada, where capitals mean nothing. `twin`: makes it two, and gives what undoes that; `isUnique`: the target keeps that from being. */
  lookup?: { by: string; found: string; none: readonly string[]; twin: () => () => void; isUnique?: true };
  /** Lists that Latchkey leaves alone. `isLeft`: an end takes out of it all the same, where it became so since. */
  refused?: readonly { what: string; make: () => void; why: string; isLeft?: boolean }[];
  /** `calls`: how many there were, on a stand-in that counts those it refuses, too. */
  faults?: {
    set: (fault: string | null) => void;
    kinds: Record<string, ProviderErrorKind>;
    calls?: () => number;
    saysNoWait?: true;
  };
  /** `asked`: how many tokens since the last `forget`. */
  tokens?: { forget: () => void; asked: () => number };
  names?: TakenName;
  /** On a stand-in: what can befall each call. At least so many calls make a grant and an end. */
  cuts?: { state: () => { weather: Weather }; grant: number; end: number };
  crowd?: { size: number; hire: () => void; nameOf: (n: number) => string; limit?: Weather['limit'] };
};

const PATIENT = { timeout: 300_000 };
const MOST_CALLS = 40;

const of = (user: string, change: Partial<ProviderContext> = {}): ProviderContext =>
  contextOf({ identity: { user }, lastsMs: 3_600_000, ...change });

/** Another list has the name: nothing is given by it, and what was given before ends by the id. */
export const holdTakenName = async (
  connection: Opened,
  { scope, ada, names, membersIn }: Pick<MemberWorld, 'scope' | 'ada' | 'membersIn'> & { names: TakenName },
): Promise<void> => {
  const exact = { ...scope, id: names.id };
  expect(await connection.find?.(scope, of(ada))).toMatchObject({ named: { name: names.name, id: names.id } });
  expect(await connection.find?.(exact, of(ada))).not.toHaveProperty('named');
  const { handle } = await connection.grant(exact, of(ada));
  expect(membersIn()).toContain('ada');
  const id = names.take();
  expect(await connection.find?.(scope, of(ada))).toMatchObject({ named: { name: names.name, id }, hadAlready: false });
  for (const work of [
    () => connection.find?.(exact, of(ada)),
    () => connection.grant(exact, of(ada)),
    () => connection.grant(scope, of(ada, { found: handle })),
  ])
    expect(await failureOf<unknown>(work())).toMatchObject({ kind: 'denied', isUntouched: true });
  expect((await failureOf(connection.find?.(exact, of(ada)))).message).toContain(`has the id ${id}`);
  const findings = (await connection.preflight?.({ role: exact }, contextOf())) ?? [];
  expect(findings).toContainEqual(expect.objectContaining({ level: 'error', message: textWith(`has the id ${id}`) }));
  expect(names.inTaker()).not.toContain('ada');
  expect(await connection.revoke(exact, handle, of(ada))).toBe('removed');
  expect(names.inTaker()).not.toContain('ada');
};

/** What a case of the suite is given. */
type Case = MemberWorld & { connection: () => Opened; asAda: () => ProviderContext; asOlga: () => ProviderContext };
type Part<Name extends keyof MemberWorld> = NonNullable<MemberWorld[Name]>;

const holdOneOnly = ({ connection, scope, asAda, account, membersIn }: Case): void => {
  test('it is given once however often it is requested, found without a handle, and taken away', async () => {
    const { find, grant, revoke, check, close } = connection();
    expect(await find?.(scope, asAda())).toMatchObject({ account, hadAlready: false });
    expect(await check(scope, undefined, asAda())).toBe('absent');
    expect(await revoke(scope, undefined, asAda())).toBe('already_absent');
    const { handle } = await grant(scope, asAda());
    expect((await grant(scope, asAda())).handle).toEqual(handle);
    expect(membersIn()).toEqual(['ada']);
    expect(await find?.(scope, asAda())).toMatchObject({ handle, hadAlready: true });
    expect(await check(scope, undefined, asAda())).toBe('present');
    expect(await close(scope, undefined, asAda())).toBe('closed');
    expect(membersIn()).toEqual([]);
    expect(await check(scope, handle, asAda())).toBe('absent');
    expect(await revoke(scope, handle, asAda())).toBe('already_absent');
  });
};

const holdMeeting = ({ connection, scope, asAda, asOlga, membersIn }: Case): void => {
  test('it is given twice at once and to two side by side, and ends that meet take it from one alone', async () => {
    const { grant, revoke, close } = connection();
    const [given] = await Promise.all([asAda(), asAda(), asOlga()].map(async (ctx) => await grant(scope, ctx)));
    expect(membersIn().toSorted()).toEqual(['ada', 'olga']);
    const ends = [
      revoke(scope, given?.handle, asAda()),
      close(scope, undefined, asAda()),
      revoke(scope, undefined, asAda()),
    ];
    expect((await Promise.all<string>(ends)).some((one) => one === 'removed' || one === 'closed')).toBe(true);
    expect(membersIn()).toEqual(['olga']);
    expect(await revoke(scope, undefined, asOlga())).toBe('removed');
  });
};

const holdFound = ({ connection, scope, ada, asOlga, membersIn }: Case): void => {
  test('what they had before is not put in as if they still had it, and what was found is what is given', async () => {
    const { find, grant } = connection();
    expect(await failureOf(grant(scope, of(ada, { hadAlready: true })))).toMatchObject({ kind: 'conflict' });
    const found = (await find?.(scope, asOlga()))?.handle ?? null;
    expect(await failureOf(grant(scope, of(ada, { found })))).toMatchObject({ kind: 'denied', isUntouched: true });
    expect(membersIn()).toEqual([]);
  });
};

const holdStrangers = ({ connection, scope, membersIn }: Case): void => {
  test('a client is given nothing, and who is not known has nothing to take away', async () => {
    const { grant, revoke } = connection();
    const client = { ...contextOf(), person: undefined, client: { id: 'client:ci', name: 'ci' } } as never;
    expect(await failureOf(grant(scope, client))).toMatchObject({ kind: 'unsupported' });
    const missing = (): ProviderContext => contextOf({ identity: { missing: 'Ada is not in the map.' } });
    expect(await failureOf(grant(scope, missing()))).toMatchObject({
      kind: 'denied',
      message: 'Ada is not in the map.',
    });
    for (const ctx of [client, missing()]) expect(await revoke(scope, undefined, ctx)).toBe('already_absent');
    expect(membersIn()).toEqual([]);
  });
};

const holdSwap = ({ connection, scope, asAda, membersIn }: Case, swap: Part<'swapNames'>): void => {
  test('it is taken from the account it was given to, no matter who has that name by now', async () => {
    const { grant, revoke } = connection();
    const { handle } = await grant(scope, asAda());
    swap();
    await grant(scope, asAda());
    expect(await revoke(scope, handle, asAda())).toBe('removed');
    expect(membersIn()).toEqual(['olga']);
  });
};

const holdBlocked = ({ connection, scope, asAda, membersIn }: Case, block: Part<'block'>): void => {
  test('an account that may not be used is given nothing, and loses what it has, with and without a handle', async () => {
    const { find, grant, revoke, check } = connection();
    for (const isKept of [true, false]) {
      const { handle } = await grant(scope, asAda());
      block(true);
      for (const work of [() => find?.(scope, asAda()), () => grant(scope, asAda())])
        expect(await failureOf<unknown>(work())).toMatchObject({ kind: 'denied', isUntouched: true });
      expect(await check(scope, undefined, asAda())).toBe('present');
      expect(await revoke(scope, isKept ? handle : undefined, asAda())).toBe('removed');
      expect(membersIn()).toEqual([]);
      block(false);
    }
  });
};

const holdNobody = ({ connection, scope, membersIn }: Case, { names, why }: Part<'nobody'>): void => {
  test.each(names)('the name %j is nobody’s: only a whole one counts', async (user) => {
    for (const work of [() => connection().find?.(scope, of(user)), () => connection().grant(scope, of(user))])
      expect(await failureOf<unknown>(work())).toMatchObject({ kind: 'denied', message: textWith(why) });
    expect(membersIn()).toEqual([]);
  });
};

const holdLookup = ({ connection, scope, account, nobody, membersIn }: Case, lookup: Part<'lookup'>): void => {
  test('an address finds the one account that has it, and two are nobody', async () => {
    const { find, grant } = connection();
    const by = (value: string): ProviderContext => contextOf({ identity: { lookup: lookup.by, value } });
    expect(await find?.(scope, by(lookup.found))).toMatchObject({ account });
    for (const value of lookup.none)
      expect((await failureOf(find?.(scope, by(value)))).message).toContain(nobody?.why ?? '');
    const undo = lookup.twin();
    const messages = await Promise.allSettled([grant(scope, by(lookup.found))]);
    undo();
    expect(messages).toMatchObject([lookup.isUnique ? { status: 'fulfilled' } : { status: 'rejected' }]);
    await connection()
      .revoke(scope, undefined, by(lookup.found))
      .catch(() => undefined);
    expect(membersIn()).toEqual([]);
  });
};

const holdRefused = ({ connection, scope, asAda, membersIn }: Case, refused: Part<'refused'>): void => {
  test.each(refused)('a list is refused before approval and at the look: $what', async ({ make, why }) => {
    make();
    for (const work of [() => connection().find?.(scope, asAda()), () => connection().grant(scope, asAda())]) {
      const failure = await failureOf<unknown>(work());
      expect(failure).toMatchObject({ kind: 'denied', isUntouched: true, message: textWith(why) });
    }
    const [finding] = (await connection().preflight?.({ role: scope }, contextOf())) ?? [];
    expect(finding).toMatchObject({ level: 'error', message: textWith(why) });
    expect(membersIn()).toEqual([]);
  });
  const left = refused.filter(({ isLeft }) => isLeft === true);
  test.each(left)('and is left by its own end where it became so since: $what', async ({ make }) => {
    await connection().grant(scope, asAda());
    make();
    expect(await connection().revoke(scope, undefined, asAda())).toBe('removed');
    expect(membersIn()).toEqual([]);
  });
};

const holdFaults = ({ connection, open, scope, asAda, membersIn }: Case, faults: Part<'faults'>): void => {
  test.each(Object.entries(faults.kinds))('%s is %s, and no proof of absence', async (fault, kind) => {
    const { handle } = await connection().grant(scope, asAda());
    const other = open();
    await other.check(scope, handle, asAda());
    faults.set(fault);
    const before = faults.calls?.() ?? 0;
    const failure = await failureOf(other.revoke(scope, handle, asAda()));
    const calls = (faults.calls?.() ?? 0) - before;
    faults.set(null);
    await other.disconnect();
    const isThrottled = kind === 'throttled';
    expect(failure).toMatchObject({ kind, message: textWith(isThrottled && !faults.saysNoWait ? 'wait ' : '') });
    // Nobody calls again before that time.
    expect(calls).toBeLessThanOrEqual(isThrottled && faults.calls ? 1 : Infinity);
    expect(membersIn()).toEqual(['ada']);
    expect(await connection().revoke(scope, handle, asAda())).toBe('removed');
  });
};

const holdTokens = ({ connection, scope, asAda }: Case, tokens: Part<'tokens'>): void => {
  test('a token that was taken back is replaced, and one serves many calls', async () => {
    const { find } = connection();
    await find?.(scope, asAda());
    tokens.forget();
    expect(await find?.(scope, asAda())).toMatchObject({ hadAlready: false });
    await find?.(scope, asAda());
    expect(tokens.asked()).toBe(1);
  });
};

const holdNames = (at: Case, names: Part<'names'>): void => {
  test('by a name that another list has now nothing is given, and what was given ends', async () => {
    await holdTakenName(at.connection(), { ...at, names });
    expect(names.inTaker()).toEqual([]);
  });
};

const holdParts = (at: Case): void => {
  const { swapNames, block, nobody, lookup, refused, faults, tokens, names, cuts, crowd } = at;
  if (swapNames) holdSwap(at, swapNames);
  if (block) holdBlocked(at, block);
  if (nobody) holdNobody(at, nobody);
  if (lookup) holdLookup(at, lookup);
  if (refused) holdRefused(at, refused);
  if (faults) holdFaults(at, faults);
  if (tokens) holdTokens(at, tokens);
  if (names) holdNames(at, names);
  if (cuts) holdCuts(at, cuts);
  if (crowd) holdCrowd(at, crowd);
};

export const holdMembership = (world: MemberWorld): void => {
  describe(`as every membership${world.what === undefined ? '' : `: ${world.what}`}`, () => {
    let opened: Opened;
    beforeAll(() => {
      opened = world.open();
    });
    afterAll(async () => await opened.disconnect());
    const at: Case = { ...world, connection: () => opened, asAda: () => of(world.ada), asOlga: () => of(world.olga) };
    holdOneOnly(at);
    holdMeeting(at);
    holdFound(at);
    holdStrangers(at);
    holdParts(at);
  });
};

type Stroke = (connection: Opened) => Promise<unknown>;
type Cuts = NonNullable<MemberWorld['cuts']>;

/** From the given call on every call is cut. True where the stroke came to its end before that. */
const isDoneBeforeCut = async (
  { open, state: stateNow }: { open: MemberWorld['open']; state: Cuts['state'] },
  cut: Partial<Weather>,
  stroke: Stroke,
): Promise<boolean> => {
  const connection = open();
  const state = stateNow();
  state.weather = { ...fairWeather(), ...cut };
  const [outcome] = await Promise.allSettled([stroke(connection)]);
  if (outcome.status === 'rejected')
    expect(await failureOf(Promise.reject(outcome.reason as Error))).toMatchObject({ kind: 'unavailable' });
  state.weather = fairWeather();
  await connection.disconnect();
  return outcome.status === 'fulfilled';
};

/** Latchkey dies between any two calls of a grant: it is given once by the next attempt, or nothing is left of it by an end that knows nothing. */
const callsOfGrant = async (world: MemberWorld, { state }: Cuts, isCutAfter: boolean): Promise<number> => {
  const { open, scope, membersIn } = world;
  for (let cutFrom = 1; cutFrom <= MOST_CALLS; cutFrom += 1) {
    const ctx = of(world.ada);
    const give: Stroke = async (connection) => await connection.grant(scope, ctx);
    const isDone = await isDoneBeforeCut({ open, state }, { cutFrom, isCutAfter }, give);
    const next = open();
    if (cutFrom % 2 === 0) {
      await next.grant(scope, ctx);
      expect([cutFrom, membersIn()]).toEqual([cutFrom, ['ada']]);
    }
    await next.revoke(scope, undefined, ctx);
    expect([cutFrom, membersIn()]).toEqual([cutFrom, []]);
    await next.disconnect();
    if (isDone) return cutFrom - 1;
  }
  throw new Error(`a grant takes more than ${MOST_CALLS} calls`);
};

/** The same of an end: it is called an end only where it came to one, and the next attempt makes it. */
const callsOfEnd = async (world: MemberWorld, { state }: Cuts, isCutAfter: boolean): Promise<number> => {
  const { open, scope, membersIn } = world;
  for (let cutFrom = 1; cutFrom <= MOST_CALLS; cutFrom += 1) {
    const ctx = of(world.ada);
    const next = open();
    const { handle } = await next.grant(scope, ctx);
    const given = cutFrom % 2 === 0 ? handle : undefined;
    const end: Stroke = async (connection) => await connection.revoke(scope, given, ctx);
    const isDone = await isDoneBeforeCut({ open, state }, { cutFrom, isCutAfter }, end);
    expect(await next.revoke(scope, given, ctx)).toMatch(isDone ? /^already_absent$/ : /^(removed|already_absent)$/);
    expect([cutFrom, membersIn()]).toEqual([cutFrom, []]);
    await next.disconnect();
    if (isDone) return cutFrom - 1;
  }
  throw new Error(`an end takes more than ${MOST_CALLS} calls`);
};

const holdCuts = (world: MemberWorld, cuts: Cuts): void => {
  test.each([false, true])('it is cut between any two calls, with the effect %s', PATIENT, async (isCutAfter) => {
    expect(await callsOfGrant(world, cuts, isCutAfter)).toBeGreaterThanOrEqual(cuts.grant);
    expect(await callsOfEnd(world, cuts, isCutAfter)).toBeGreaterThanOrEqual(cuts.end);
  });
};

/** So many at once as the application ends what is due together, and tries again what was limited. */
const BATCH = 100;
const ROUNDS_MAX = 200;
const PAUSE_MS = 250;

const allOf = async (people: string[], work: (person: string) => Promise<unknown>): Promise<void> => {
  let left = people;
  for (let round = 0; left.length > 0; round += 1) {
    if (round >= ROUNDS_MAX) throw new Error(`${left.length} are left after ${ROUNDS_MAX} rounds`);
    const batch = left.slice(0, BATCH);
    const outcomes = await Promise.allSettled(batch.map(work));
    const failed = batch.filter((_, index) => outcomes[index]?.status === 'rejected');
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect((await failureOf(Promise.reject(outcome.reason as Error))).isRetried).toBe(true);
    left = [...left.slice(BATCH), ...failed];
    if (failed.length === batch.length) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
};

const holdCrowd = ({ scope, open, membersIn, cuts }: MemberWorld, crowd: NonNullable<MemberWorld['crowd']>): void => {
  const { size, hire, nameOf, limit = null } = crowd;
  test(`it is given to ${size} at once and taken away again`, PATIENT, async () => {
    hire();
    const people = Array.from({ length: size }, (_, n) => nameOf(n));
    const connection = open();
    // Of a real server nothing is limited.
    const state = cuts?.state() ?? { weather: fairWeather() };
    state.weather = { ...fairWeather(), limit };
    await allOf(people, async (person) => await connection.grant(scope, of(person)));
    expect(membersIn()).toHaveLength(size);
    await allOf(people, async (person) => await connection.revoke(scope, undefined, of(person)));
    expect(membersIn()).toEqual([]);
    expect(state.weather.refused > 0).toBe(limit !== null);
    state.weather = fairWeather();
    await connection.disconnect();
  });
};
