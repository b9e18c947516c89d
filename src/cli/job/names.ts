/** The commands that run inside a job: `main.ts` loads only them, without the app. */
export const JOB_COMMANDS: ReadonlySet<string> = new Set(['exec', 'request', 'wait', 'credentials', 'done']);
