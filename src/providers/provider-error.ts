/** Failures of a target in our words. Provider authors import them from `provider.ts`. */
export type ProviderErrorKind = 'conflict' | 'throttled' | 'unavailable' | 'denied' | 'misconfigured' | 'unsupported';

const RETRIED: readonly ProviderErrorKind[] = ['conflict', 'throttled', 'unavailable'];

/** A failure of a target in our words. `message` is one sentence fit for admins and holds no secret. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly kind: ProviderErrorKind;
  /** Nothing was sent to the target that could have changed it: no connection came about. */
  readonly isUntouched: boolean;
  /** True where nobody had foreseen it: the log then has where in the code it was found. */
  readonly isUnknown: boolean;
  constructor(
    kind: ProviderErrorKind,
    message: string,
    options?: ErrorOptions & { isUntouched?: boolean; isUnknown?: boolean },
  ) {
    super(message, options);
    this.kind = kind;
    this.isUntouched = options?.isUntouched ?? false;
    this.isUnknown = options?.isUnknown ?? false;
  }
  /** `conflict`, `throttled` and `unavailable` pass; the rest need a human. */
  get isRetried(): boolean {
    return RETRIED.includes(this.kind);
  }
}
