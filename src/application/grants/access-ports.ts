/** Access in targets, as use cases need it. */
import type { NamedInTarget } from '../../domain/grants/named-in-target.ts';
import type { Json } from '../../domain/json.ts';
import type { InTarget } from '../../domain/principals/in-target.ts';

/**
 * `name` is what a program selects it by, `label` what a person reads, `env` the variable that clients of the target read, or null. `secret`:
 * never shown outside of the credentials modal.
 */
export type CredentialField = { name: string; label: string; env: string | null; value: string; secret: boolean };

export type Credentials = { fields: CredentialField[]; text: string; commands: { label: string; command: string }[] };

/** A provider's failure, translated. `message` holds no secret. */
export type AccessFailure = {
  kind: string;
  message: string;
  isRetried: boolean;
  /** The call cannot have changed the target: no connection came about. */
  isUntouched?: boolean;
};

/**
 * `name` is what the access is called in the target. `enforcedBy` is what ends it there at its deadline without us, for new
 * sessions; null where nothing does. `statements` are to be run in this order.
 */
export type ManualSteps = { name: string; enforcedBy: string | null; statements: string[] };

/** `handle`: of the access as a grant would give it; null where that is another for each grant. `named`: what the scope names without its id. */
export type FoundInTarget = InTarget & { handle: Json | null; named?: NamedInTarget };
