/** Access in targets, as use cases need it. */

export type SecretFields = { label: string; value: string; isSecret: boolean }[];

export type Credentials = { fields: SecretFields; text: string; commands: { label: string; command: string }[] };

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
