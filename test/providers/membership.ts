/** What every membership holds, whatever befalls its calls: on the stand-in of its target, which can cut and limit them. */
import { expect } from 'vitest';
import { fairWeather, type Weather } from '../../sandbox/src/embedded/weather.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Connection, ProviderContext } from '../../src/providers/provider.ts';
import { failureOf } from './connection.ts';

export type MemberWorld = {
  /** A new one, that knows nothing yet. */
  open: () => Connection<Json, Json>;
  state: { weather: Weather };
  scope: Json;
  of: (person: number) => ProviderContext;
  /** Who of them is in, asked past the provider. */
  membersIn: () => number;
};

const MOST_CALLS = 30;

type Stroke = (connection: Connection<Json, Json>) => Promise<unknown>;

/** From the given call on every call is cut. True where the stroke came to its end before that. */
const isDoneBeforeCut = async (world: MemberWorld, cut: Partial<Weather>, stroke: Stroke): Promise<boolean> => {
  const connection = world.open();
  world.state.weather = { ...fairWeather(), ...cut };
  const [outcome] = await Promise.allSettled([stroke(connection)]);
  if (outcome.status === 'rejected')
    expect(await failureOf(Promise.reject(outcome.reason as Error))).toMatchObject({ kind: 'unavailable' });
  world.state.weather = fairWeather();
  await connection.disconnect();
  return outcome.status === 'fulfilled';
};

/** Latchkey dies between any two calls of a grant: it is given once by the next attempt, or nothing is left of it by an end that knows nothing. */
export const holdGrantThroughCuts = async (world: MemberWorld, isCutAfter: boolean): Promise<number> => {
  for (let cutFrom = 1; cutFrom <= MOST_CALLS; cutFrom += 1) {
    const ctx = world.of(0);
    const give: Stroke = async (connection) => await connection.grant(world.scope, ctx);
    const isDone = await isDoneBeforeCut(world, { cutFrom, isCutAfter }, give);
    const next = world.open();
    if (cutFrom % 2 === 0) {
      await next.grant(world.scope, ctx);
      expect([cutFrom, world.membersIn()]).toEqual([cutFrom, 1]);
    }
    await next.revoke(world.scope, undefined, ctx);
    expect([cutFrom, world.membersIn()]).toEqual([cutFrom, 0]);
    await next.disconnect();
    if (isDone) return cutFrom - 1;
  }
  throw new Error(`a grant takes more than ${MOST_CALLS} calls`);
};

/** The same of an end: it is called an end only where it came to one, and the next attempt makes it. */
export const holdEndThroughCuts = async (world: MemberWorld, isCutAfter: boolean): Promise<number> => {
  for (let cutFrom = 1; cutFrom <= MOST_CALLS; cutFrom += 1) {
    const ctx = world.of(0);
    const next = world.open();
    const { handle } = await next.grant(world.scope, ctx);
    const given = cutFrom % 2 === 0 ? handle : undefined;
    const end: Stroke = async (connection) => await connection.revoke(world.scope, given, ctx);
    const isDone = await isDoneBeforeCut(world, { cutFrom, isCutAfter }, end);
    expect(await next.revoke(world.scope, given, ctx)).toMatch(
      isDone ? /^already_absent$/ : /^(removed|already_absent)$/,
    );
    expect([cutFrom, world.membersIn()]).toEqual([cutFrom, 0]);
    await next.disconnect();
    if (isDone) return cutFrom - 1;
  }
  throw new Error(`an end takes more than ${MOST_CALLS} calls`);
};

/** So many at once as the application ends what is due together, and tries again what was limited. */
const BATCH = 100;
const ROUNDS_MAX = 200;

const allOf = async (people: number[], work: (person: number) => Promise<unknown>): Promise<void> => {
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
    if (failed.length === batch.length) await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

export const THOUSAND = Array.from({ length: 1_000 }, (_, index) => index);

/** How many ms it took. */
export const giveToAThousand = async (world: MemberWorld, limit: Weather['limit']): Promise<number> => {
  const startedAt = performance.now();
  world.state.weather = { ...fairWeather(), limit };
  const connection = world.open();
  await allOf(THOUSAND, async (person) => await connection.grant(world.scope, world.of(person)));
  expect(world.membersIn()).toBe(THOUSAND.length);
  await connection.disconnect();
  return performance.now() - startedAt;
};

/** As that. */
export const endForAThousand = async (world: MemberWorld, limit: Weather['limit']): Promise<number> => {
  const startedAt = performance.now();
  world.state.weather = { ...fairWeather(), limit };
  const connection = world.open();
  await allOf(THOUSAND, async (person) => await connection.revoke(world.scope, undefined, world.of(person)));
  expect(world.membersIn()).toBe(0);
  await connection.disconnect();
  world.state.weather = fairWeather();
  return performance.now() - startedAt;
};
