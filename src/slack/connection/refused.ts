/** A request that is answered with a status and a sentence, and reaches no handler. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}
