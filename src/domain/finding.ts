/** What a look at something that Latchkey needs has found: one thing that is wrong or unwise, in a sentence with its remedy. */

/** For approvers: which roles, and what somebody with such a role may leave in the target after the end. Each is a short sentence. */
export type Remains = { roles: readonly string[]; sentences: readonly string[] };

/** `error`: access fails because of it. `warning`: it works, and should be changed. */
export type Finding = { level: 'error' | 'warning'; code: string; message: string; remains?: Remains };

/** A clock of another machine: what it showed at some moment between `sentAt` and `receivedAt` of ours. */
export type ClockReading = { shownMs: number; sentAtMs: number; receivedAtMs: number };

/** `about`: what was looked at, in a few words, null where it did not answer. */
export type Examined = { about: string | null; findings: Finding[]; clock: ClockReading | null };

export const errorFinding = (code: string, message: string): Finding => ({ level: 'error', code, message });
export const warningFinding = (code: string, message: string): Finding => ({ level: 'warning', code, message });
