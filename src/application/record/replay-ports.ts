/** Which signed requests were taken in already, known to every process. */

export type Replays = {
  /** Notes it for at least `keptMs`; false where it was noted before, by this process or another. */
  claim(key: string, keptMs: number): Promise<boolean>;
  isKnown(key: string): Promise<boolean>;
  /** It was not handled after all, and may come again. */
  forget(key: string): Promise<void>;
};
