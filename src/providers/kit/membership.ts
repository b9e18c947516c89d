/**
 * Access that is being in a list of a target: a group, a team, a role. The person's own account is put in and taken out again, and the list
 * has no room for a mark or a deadline: what they had before, and whose grant it is, the application keeps (`isShared`).
 */
import { z } from 'zod';
import { defineProvider } from '../define-provider.ts';
import { createLanes } from '../../lib/limiter.ts';
import { ProviderError } from '../provider.ts';
import type { AnyProvider } from '../any-provider.ts';
import type {
  Connected,
  Finding,
  Grantee,
  Identity,
  IdentityUse,
  Manual,
  NamedInTarget,
  Preparation,
  Provider,
  ProviderContext,
} from '../provider.ts';
import { confirmed } from './read-back.ts';

/** Both as the target itself names them, in a form that is never given to another, or with `ids` that are not; `list` says of what kind it is, too. */
export const placeSchema = z.object({
  list: z.string(),
  member: z.string(),
  /** Where the target names both by names that change: what stays the same. Two places with equal ids are one, whatever they are called. */
  ids: z.object({ list: z.string(), member: z.string() }).optional(),
});
export type Place = z.infer<typeof placeSchema>;

/** A handle of another form is the same as none. */
const isSamePlace = (place: Place, found: unknown): boolean => {
  const { data } = placeSchema.safeParse(found);
  if (data === undefined) return false;
  const [one, other] = place.ids && data.ids ? [place.ids, data.ids] : [place, data];
  return one.list === other.list && one.member === other.member;
};

export type Named = Exclude<Identity, { missing: string }>;

/** `pending`: invited, and not in before the person accepts. */
export type State = 'in' | 'pending' | 'out';

/** `named`: what the scope names without its id, for a list that has a name which can be taken by another. */
export type Located = { place: Place; account: string; named?: NamedInTarget };

/** What differs between targets. */
export type Roster<Scope> = {
  /** `account`: what people read. @throws ProviderError where there is not exactly one account, or this list must not be changed. */
  locate(scope: Scope, named: Named, signal: AbortSignal): Promise<Located>;
  /**
   * For an end that has no handle: the account of that name, whatever became of them or of the list since. Null where no account has it.
   * @throws ProviderError where more than one account has it.
   */
  trace(scope: Scope, named: Named, signal: AbortSignal): Promise<Place | null>;
  stateOf(place: Place, signal: AbortSignal): Promise<State>;
  /** Whether a list that is in this one gives it to them, where lists can hold lists. */
  hasByNesting?(place: Place, signal: AbortSignal): Promise<boolean>;
  /** Right again where they are in. `expiresAt`: for a list that can end it by itself. */
  add(place: Place, signal: AbortSignal, expiresAt: Date): Promise<void>;
  /** Where the list ends it by itself: moves that deadline, never to an earlier time, since grants share it, and reads it back. */
  keepUntil?(place: Place, signal: AbortSignal, expiresAt: Date): Promise<void>;
  /** Right again where they are out; takes an open invitation back, too. */
  remove(place: Place, signal: AbortSignal): Promise<void>;
  preflight(scopes: Record<string, Scope>, signal: AbortSignal): Promise<Finding[]>;
  close(): Promise<void>;
  /** In place of the sentence of the provider, where it has seen more of the target. */
  survives?: (scope: Scope) => string;
};

type Membership<Config, Scope> = {
  id: string;
  title: string;
  config: z.ZodType<Config>;
  scope: z.ZodType<Scope>;
  identity: Omit<IdentityUse<Scope>, 'isNeeded'>;
  configWarnings?: Provider<Config, Scope, Place>['configWarnings'];
  open(config: Config): Roster<Scope>;
  survives(scope: Scope): string;
  manual(scope: Scope, place: Place | undefined): Manual;
  prepare(config: Config | null, scopes: Record<string, Scope>): Preparation;
  /** So many calls of a grant or an end at once. */
  width: number;
  /** Equal answers in a row before one is believed, where the target is not consistent at once. */
  readBack?: { times: number; everyMs: number; withinMs: number };
};

const namedIn = (ctx: Grantee & Pick<ProviderContext, 'identity'>): Named => {
  if ('client' in ctx)
    throw new ProviderError('unsupported', `${ctx.client.name} has no account there: only people can be given this.`, {
      isUntouched: true,
    });
  const { identity } = ctx;
  if (identity && !('missing' in identity)) return identity;
  throw new ProviderError('denied', identity?.missing ?? `It is not known who ${ctx.person.name} is there.`, {
    isUntouched: true,
  });
};

type Open<Scope> = { roster: Roster<Scope>; readBack: Membership<unknown, Scope>['readBack'] };
type Ctx = Grantee & Pick<ProviderContext, 'identity' | 'signal' | 'log'>;

/** Null where it could never be given: the place is stored before a target is touched, so nothing is overlooked by it. */
const placeOf = async <Scope>(
  { roster }: Open<Scope>,
  { scope, place }: { scope: Scope; place: Place | undefined },
  ctx: Ctx,
): Promise<Place | null> => {
  if (place) return place;
  const { identity } = ctx;
  if ('client' in ctx || !identity || 'missing' in identity) return null;
  return await roster.trace(scope, identity, ctx.signal);
};

const readBackAs = async <Scope>(
  { roster, readBack }: Open<Scope>,
  { place, state, what }: { place: Place; state: State; what: string },
  signal: AbortSignal,
): Promise<void> =>
  await confirmed({ read: async () => (await roster.stateOf(place, signal)) === state, what, ...readBack, signal });

const INVITED = (account: string): string =>
  `${account} has to accept an invitation first, and has no access before that, so Latchkey takes none for given. An administrator invites them, they accept, and then they request this again.`;

const MOVED = (account: string): string =>
  `What the scope of the role names is not what it was when ${account} was looked up for this, or the account is another one. Nothing is given: request it again.`;

const VANISHED = (account: string): string =>
  `${account} was in before and was taken out meanwhile; it is looked up again before anything is given.`;

/** A person who has it by another list is not put into this one: what was there before stays at the end. */
const isIn = async <Scope>({ roster }: Open<Scope>, place: Place, signal: AbortSignal): Promise<State | 'nested'> => {
  const state = await roster.stateOf(place, signal);
  return state === 'out' && (await roster.hasByNesting?.(place, signal)) ? 'nested' : state;
};

const grant = async <Scope>(open: Open<Scope>, scope: Scope, ctx: ProviderContext): Promise<{ handle: Place }> => {
  const { roster } = open;
  const { signal } = ctx;
  const { place, account } = await roster.locate(scope, namedIn(ctx), signal);
  if (ctx.found !== undefined && !isSamePlace(place, ctx.found))
    throw new ProviderError('denied', MOVED(account), { isUntouched: true });
  const before = await isIn(open, place, signal);
  if (before === 'nested') return { handle: place };
  // Put in now, it would be taken for what they had before, and stay at the end.
  if (before !== 'in' && ctx.hadAlready === true) throw new ProviderError('conflict', VANISHED(account));
  if (before === 'in') await roster.keepUntil?.(place, signal, ctx.expiresAt);
  else await roster.add(place, signal, ctx.expiresAt);
  if ((await roster.stateOf(place, signal)) === 'pending') {
    // What is not accepted today could be accepted when the grant is long over.
    await roster.remove(place, signal);
    await readBackAs(open, { place, state: 'out', what: 'that the invitation is taken back' }, signal);
    throw new ProviderError('denied', INVITED(account));
  }
  await readBackAs(open, { place, state: 'in', what: `that ${account} is in` }, signal);
  return { handle: place };
};

const revoke = async <Scope>(
  open: Open<Scope>,
  at: { scope: Scope; place: Place | undefined },
  ctx: Ctx,
): Promise<'removed' | 'already_absent'> => {
  const { roster } = open;
  const place = await placeOf(open, at, ctx);
  if (!place) return 'already_absent';
  const before = await roster.stateOf(place, ctx.signal);
  // Also where it says "out": what it says once may be old.
  if (before !== 'out' || open.readBack) await roster.remove(place, ctx.signal);
  await readBackAs(open, { place, state: 'out', what: `that ${place.member} is out` }, ctx.signal);
  return before === 'out' ? 'already_absent' : 'removed';
};

const check = async <Scope>(open: Open<Scope>, at: { scope: Scope; place: Place | undefined }, ctx: Ctx) => {
  const place = await placeOf(open, at, ctx);
  return place && (await isIn(open, place, ctx.signal)) !== 'out' ? 'present' : 'absent';
};

const find = async <Scope>(open: Open<Scope>, scope: Scope, ctx: Ctx) => {
  const { place, account, named } = await open.roster.locate(scope, namedIn(ctx), ctx.signal);
  const state = await isIn(open, place, ctx.signal);
  if (state === 'pending') throw new ProviderError('denied', INVITED(account), { isUntouched: true });
  return { handle: place, account, hadAlready: state !== 'out', ...(named && { named }) };
};

const connect = <Config, Scope>(made: Membership<Config, Scope>, config: Config): Connected<Scope, Place> => {
  const open = { roster: made.open(config), readBack: made.readBack };
  const lanes = createLanes(made.width);
  const { keepUntil } = open.roster;
  return {
    find: async (scope, ctx) => await lanes(async () => await find(open, scope, ctx), ctx.signal),
    grant: async (scope, ctx) => await lanes(async () => await grant(open, scope, ctx), ctx.signal),
    revoke: async (scope, place, ctx) => await lanes(async () => await revoke(open, { scope, place }, ctx), ctx.signal),
    check: async (scope, place, ctx) => await lanes(async () => await check(open, { scope, place }, ctx), ctx.signal),
    ...(keepUntil && {
      extend: async (_scope: Scope, place: Place, { signal, expiresAt }: ProviderContext) =>
        await lanes(async () => await keepUntil(place, signal, expiresAt), signal),
    }),
    manual: (scope, place) => made.manual(scope, place),
    preflight: async (scopes, { signal }) =>
      await lanes(async () => await open.roster.preflight(scopes, signal), signal),
    guarantee: (scope) => ({
      endsBy: keepUntil ? 'both' : 'revoke',
      survives: (open.roster.survives ?? made.survives)(scope),
    }),
    disconnect: async () => await open.roster.close(),
  };
};

export const defineMembership = <Config, Scope>(made: Membership<Config, Scope>): AnyProvider =>
  defineProvider<Config, Scope, Place>({
    id: made.id,
    title: made.title,
    config: made.config,
    scope: made.scope,
    handle: placeSchema,
    isShared: true,
    identity: { isNeeded: () => true, ...made.identity },
    ...(made.configWarnings && { configWarnings: made.configWarnings }),
    prepare: async (config, scopes) => await Promise.resolve(made.prepare(config, scopes)),
    connect: (config) => connect(made, config),
  });
