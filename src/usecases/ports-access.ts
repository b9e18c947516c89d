/** Access in targets, as use cases need it. */
import type { EndOutcome, Grant, Json, Person } from '../core/types.ts';
import type { DriftAccess } from './ports-drift.ts';
import type { OnInUse, TellsUse, UseAccess } from './ports-use.ts';

export type SecretFields = { label: string; value: string; isSecret: boolean }[];
export type Credentials = { fields: SecretFields; text: string; commands: { label: string; command: string }[] };

/** A provider's failure, translated. `message` holds no secret. */
export type AccessFailure = { kind: string; message: string; isRetried: boolean };

/**
 * `name` is what the access is called in the target. `enforcedBy` is what ends it there at its deadline without us, for new
 * sessions; null where nothing does. `statements` are to be run in this order.
 */
export type ByHand = { name: string; enforcedBy: string | null; statements: string[] };

/** Access in targets, through the guard. Throws errors that `failureOf` understands. */
export type Access = DriftAccess &
  UseAccess & {
    grant(grant: Grant, person: Person): Promise<{ handle: Json; credentials: Credentials | null } & TellsUse>;
    revoke(grant: Grant, person: Person): Promise<EndOutcome>;
    /** Many of one target at once; each in its own outcome. `onInUse` hears of what was still in use, maybe more than once. */
    revokeMany(grants: { grant: Grant; person: Person }[], onInUse?: OnInUse): Promise<(EndOutcome | AccessFailure)[]>;
    check(grant: Grant, person: Person): Promise<'present' | 'absent'>;
    /** How a human ends it without us; null where the provider cannot say. Asks no target: it may be down. */
    byHand(grant: Grant, person: Person): ByHand | null;
    /** True where two grants may hold one and the same thing in the target, so that ends are counted. */
    isShared(grant: Pick<Grant, 'provider'>): boolean;
    /** Moves the target's own deadline, where it has one, to `grant.expiresAt`, and reads it back. */
    extend(grant: Grant, person: Person): Promise<void>;
    failureOf(error: unknown): AccessFailure;
    /** What the last look at each target found; null where it is well. */
    problems(): Record<string, string>;
  };
