import type { Json } from './types.ts';

/** An answer `{ ok: false, error }` of the Web API, with what the real one says beside it. */
export class SlackError extends Error {
  readonly code: string;
  readonly extra: Json;

  constructor(code: string, extra: Json = {}) {
    super(code);
    this.name = 'SlackError';
    this.code = code;
    this.extra = extra;
  }
}

/** A person tried what a Slack client would not let them do: a click on a button that is not there. */
export class DriverError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DriverError';
  }
}
