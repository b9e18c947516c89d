/** The contract between Latchkey and one kind of target. A provider sees `domain`, `lib`, this file, `define-provider.ts` and `kit/` only. */
import type { z } from 'zod';
import type { EndGuarantee } from '../domain/grants/end-guarantee.ts';
import type { NamedInTarget } from '../domain/grants/named-in-target.ts';
import type { Json } from '../domain/json.ts';
import type { Difference, Finding, InUse, Lookalike, Ours, Recorded } from './observations.ts';

export type { EndGuarantee, NamedInTarget };
export type { Difference, Finding, InUse, Lookalike, MissingLines, Ours, Recorded, Statement } from './observations.ts';
export { ProviderError } from './provider-error.ts';
export type { ProviderErrorKind } from './provider-error.ts';

export type ProviderLog = { info(facts: object, message: string): void; warn(facts: object, message: string): void };

/** Whose access it is: a person's, or that of a client, which is a machine and has no address. */
export type Grantee =
  | { person: { id: string; name: string; email: string | null } }
  | { client: { id: string; name: string } };

export const granteeName = (grantee: Grantee): string =>
  'person' in grantee ? grantee.person.name : grantee.client.name;

/**
 * Who the person is in the target, by the `identity` of the target: their name there, an attribute with the value that exactly one account
 * has, or a sentence why it is not known.
 */
export type Identity = { user: string } | { lookup: string; value: string } | { missing: string };

export type ProviderContext = Grantee & {
  grantId: string;
  /** For providers where access is in the person's own name. */
  identity?: Identity;
  /** They had it before this grant, by `find`: it is left to them at the end, so `grant` must not give it. It throws a conflict where it is gone. */
  hadAlready?: boolean;
  /** The handle that `find` gave for this grant. A provider that has `find` gives this and nothing else, whatever the names of the scope lead to now. */
  found?: Json;
  /** The deadline; a target that can end access by itself must be given it. */
  expiresAt: Date;
  /** Aborts when the guard's time-out has passed; a provider stops its work then. */
  signal: AbortSignal;
  log: ProviderLog;
};

/**
 * One value that somebody gets in with. `name` is what a program selects it by (`password`), `label` what a person reads, `env` the variable
 * that clients of the target read (`PGPASSWORD`), or null where there is none. `secret`: shown in the credentials modal and nowhere else.
 */
export type CredentialField = { name: string; label: string; env: string | null; value: string; secret: boolean };

/** What the requester needs to get in. `kit/credentials.ts` has the names that providers share. */
export type Secret = { fields: CredentialField[] };

/** How to use the access: commands with `{{label}}` already filled in by the provider; may hold the secret, so it lives inside the encrypted secret only. */
export type Instructions = { text: string; commands: { label: string; command: string }[] };

/** Credentials that are made when they are shown. */
export type Issued = { secret: Secret; instructions?: Instructions };

export type Granted<Handle> = { handle: Handle; secret?: Secret; instructions?: Instructions };

/**
 * How an administrator of the target ends one access by hand. `enforcedBy`: what refuses new sessions there after the deadline
 * without Latchkey (`VALID UNTIL`), or null. `statements`: each complete and quoted, to be run in this order.
 */
export type Manual = { name: string; enforcedBy: string | null; statements: string[] };

/**
 * What an administrator runs so that Latchkey can work in a target, and may do nothing else there: SQL, a shell script, YAML. `text` holds no
 * secret and runs as it is, more than once. `version`: of the server, where it reports one. `notes`: sentences for the reader, beside the text.
 */
export type Preparation = { text: string; version: string | null; notes: string[] };

/** What a `close` or `revoke` cuts is reported here, at once: it shows use also where the call then fails. May be reported more than once. */
type ReportsUsage = { onInUse?: (inUse: InUse) => void };

/** `position`: what the last look answered, null before the first. */
export type ToRecord<Scope, Handle> = Item<Scope, Handle> & { position: Json };

/** Whether there was anything to close. */
export type CloseOutcome = 'closed' | 'absent';
export type RevokeOutcome = 'removed' | 'already_absent';

/** One of many. The grantee is left out: what is found for many is found by grant. */
export type Item<Scope, Handle> = { scope: Scope; handle: Handle | undefined; grantId: string };

type EndOne<Scope, Handle, Outcome> = (
  scope: Scope,
  handle: Handle | undefined,
  ctx: ProviderContext & ReportsUsage,
) => Promise<Outcome>;

type EndMany<Scope, Handle, Outcome> = (
  items: Item<Scope, Handle>[],
  ctx: Pick<ProviderContext, 'signal' | 'log'> & ReportsUsage,
) => Promise<Outcome[]>;

/**
 * The end of an access has two strokes. Each succeeds when it was made before, needs no handle (it finds the access by `grantId`), starts
 * over after a crash, and is read back in the target before it returns.
 */
type Strokes<Scope, Handle> = {
  /** Quick: from now on nobody gets in and no session is left, though what was made may still be there. Never opens anything again. */
  close: EndOne<Scope, Handle, CloseOutcome>;
  /** What was made is gone. Closes first what is not closed, so that it is right by itself, too. */
  revoke: EndOne<Scope, Handle, RevokeOutcome>;
};

/** Many at once, in few statements; a failure of the whole makes the caller fall back to one by one. Same order as given. */
export type StrokesOfMany<Scope, Handle> = {
  closeMany: EndMany<Scope, Handle, CloseOutcome>;
  revokeMany: EndMany<Scope, Handle, RevokeOutcome>;
};

/** One live connection to one target, made from its configuration. Everything on it may be called concurrently. */
export type Connection<Scope, Handle> = Strokes<Scope, Handle> &
  Partial<StrokesOfMany<Scope, Handle>> &
  OtherMethods<Scope, Handle>;

/** Where the end is one step, being closed is being removed: the first stroke makes it, and the second finds nothing left. */
type OneStep<Scope, Handle> =
  | (Pick<Strokes<Scope, Handle>, 'revoke'> & { close?: never; closeMany?: never; revokeMany?: never })
  | (Pick<StrokesOfMany<Scope, Handle>, 'revokeMany'> & { close?: never; closeMany?: never; revoke?: never });

/** As a provider writes it: each stroke for many, of which `defineProvider` makes the one, or for one, or both strokes in one step. */
export type Connected<Scope, Handle> = (
  | (Strokes<Scope, Handle> & { closeMany?: never; revokeMany?: never })
  | (StrokesOfMany<Scope, Handle> & { close?: never; revoke?: never })
  | OneStep<Scope, Handle>
) &
  OtherMethods<Scope, Handle>;

/**
 * `account`: what the target itself calls the person's account, in a form that another account never gets. `hadAlready`: they have what the
 * scope gives, no matter who gave it. `named`: what the scope names without its id, where a name can come to mean another thing.
 */
export type Standing<Handle> = { handle: Handle; account: string; hadAlready: boolean; named?: NamedInTarget };

type OtherMethods<Scope, Handle> = {
  /**
   * Finds the person in the target and changes nothing: before approval, and right before `grant`, which is called with the account found.
   * @throws ProviderError with a sentence where the person has no account there, or could not be given this.
   */
  find?: (
    scope: Scope,
    ctx: Grantee & Pick<ProviderContext, 'identity' | 'signal' | 'log'>,
  ) => Promise<Standing<Handle>>;
  /** Twice with one `grantId`: the same access, not two (a password may be new; the deadline is that of the last call). Reads back before it returns. */
  grant(scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>>;
  /**
   * Credentials for the public key of the one who has the access, made anew each time they are shown and never kept: `grant` gives no
   * secret then. Asks no target.
   */
  issue?: (scope: Scope, handle: Handle, ctx: Pick<ProviderContext, 'expiresAt'> & { publicKey: string }) => Issued;
  /** Asks the target, never memory. */
  check(scope: Scope, handle: Handle | undefined, ctx: ProviderContext): Promise<'present' | 'absent'>;
  /** For the message about an access that does not end. Asks no target, since it may be down; holds no secret. */
  manual?: (scope: Scope, handle: Handle | undefined, ctx: { grantId: string } & Grantee) => Manual;
  /** Moves the target's own deadline to `ctx.expiresAt`, earlier or later, and reads it back. Fails for what is ended or gone, and never brings it back. */
  extend?: (scope: Scope, handle: Handle, ctx: ProviderContext) => Promise<void>;
  /**
   * Which of what we made is in use at this moment, all in one call. A look now and then: what was opened and closed between two looks
   * is missed, so "not in use" never means "not used". Left out for a target that cannot report it.
   */
  activity?: (ctx: Pick<ProviderContext, 'signal' | 'log'>) => Promise<InUse[]>;
  /** Whether this access says so, what was done through it, in the order of `items`. */
  isRecorded?: (scope: Scope) => boolean;
  recorded?: (items: ToRecord<Scope, Handle>[], ctx: Pick<ProviderContext, 'signal' | 'log'>) => Promise<Recorded[]>;
  /** What holds of the access while it lasts, in sentences for the one who agrees to it and the one who takes it. Asks no target. */
  terms?: (scope: Scope) => string[];
  /** What we made that still exists in the target, for the reconciler. */
  listOurs?: (ctx: Pick<ProviderContext, 'signal' | 'log'>) => Promise<Ours<Handle>[]>;
  /** What is named like ours and is not, and what no grant explains. */
  listLookalikes?: (
    scopes: Record<string, Scope>,
    ctx: Pick<ProviderContext, 'signal' | 'log'>,
  ) => Promise<Lookalike[]>;
  /** Compares what `listOurs` gave with what the grant says. Asks no target. */
  differences?: (scope: Scope, ours: Ours<Handle>, expiresAt: Date) => Difference[];
  /** Puts deadline and width of a live access back to what the grant says and reads it back; its secret stays. Never makes or opens one. */
  restore?: (scope: Scope, ctx: ProviderContext) => Promise<void>;
  /** Reachable, allowed to do its work, least privileged? Each finding is a sentence with how to fix it. */
  preflight?: (scopes: Record<string, Scope>, ctx: Pick<ProviderContext, 'signal' | 'log'>) => Promise<Finding[]>;
  /**
   * What an end of this access does and does not do, by configuration, scope and what the connection has seen of the target so far.
   * Asks no target. Shown before the approval, at the end, and kept in the record.
   */
  guarantee(scope: Scope): EndGuarantee;
  disconnect(): Promise<void>;
};

/** What the environment of the process switched on. `execPrograms`: whole paths, and folders that end in "/". */
export type Allowed = { execPrograms: readonly string[] };

export type IdentityUse<Scope> = {
  isNeeded(scope: Scope): boolean;
  /** What `lookup` may name, with a sentence for all else. Left out: nothing can be looked up. */
  lookup?: z.ZodType<string>;
  /** What is wrong with a name, in a clause; null where nothing is. */
  nameProblem?(name: string): string | null;
  /** Makes a value fit into the `user` around it, where that has a grammar of its own. */
  quote?(template: string, value: string): string;
};

/** One of the things on a server that may each be a target: fields with text, for `targets_from`. */
export type ListedTarget = Record<string, Json>;

/** What a server has that may be targets of their own: its databases, the namespaces of a cluster. */
export type TargetsOf<Config> = {
  /** What is wrong with `only`, which says what of it is wanted; none where nothing is. */
  problems(only: Json): { path: string; message: string }[];
  list(config: Config, only: Json, ctx: Pick<ProviderContext, 'signal'>): Promise<ListedTarget[]>;
};

/** Closes the type of `only` over it. */
export const targetsOf = <Config, Only>(
  only: z.ZodType<Only>,
  list: (config: Config, only: Only, ctx: Pick<ProviderContext, 'signal'>) => Promise<ListedTarget[]>,
): TargetsOf<Config> => ({
  problems: (given) =>
    only
      .safeParse(given ?? {})
      .error?.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })) ?? [],
  list: (config, given, ctx) => list(config, only.parse(given ?? {}), ctx),
});

export type Provider<Config, Scope, Handle> = {
  id: string;
  title: string;
  config: z.ZodType<Config>;
  scope: z.ZodType<Scope>;
  handle: z.ZodType<Handle>;
  /** What the operator's environment does not let it do. Anyone who edits the policy cannot change that. */
  environmentProblems?: (config: Config, allowed: Allowed) => { path: string; message: string }[];
  /** Sentences about a `config` that is allowed and unwise. */
  configWarnings?: (config: Config) => { path: string; message: string }[];
  /**
   * Two grants may give one and the same thing, and then equal handles: membership of somebody's own account, say. Grants are counted
   * then, and `close` and `revoke` come with the last; without a handle it finds the access by person and scope. Left out: each grant is its own.
   */
  isShared?: boolean;
  /** For access in the person's own name. Left out: `identity` means nothing in such a target, and is refused. */
  identity?: IdentityUse<Scope>;
  /** Also for a target that is down, and without a `config` where its secrets are not at hand. */
  prepare?: (
    config: Config | null,
    scopes: Record<string, Scope>,
    ctx: Pick<ProviderContext, 'signal'>,
  ) => Promise<Preparation>;
  /** Left out: `targets_from` has nothing to read there. */
  targets?: TargetsOf<Config>;
  /** Opens nothing until it is used: a target that is down must not stop the start. */
  connect(config: Config): Connected<Scope, Handle>;
};
