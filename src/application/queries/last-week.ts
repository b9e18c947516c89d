/** Figures about everybody's requests of the last seven days. */
export type LastWeek = {
  requests: number;
  /** From the request to the decision of a person; null where no person decided. */
  medianWaitMs: number | null;
  breakGlass: number;
  /** Closed more than a second after it was due. */
  lateEnds: number;
};
