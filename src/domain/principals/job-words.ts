/** A client's job in words that every channel shows alike. What the issuer does not say is left out. Plain text: each channel escapes it. */
import type { ClientJob } from './client.ts';

export type JobFact = { label: string; text: string };

export const STARTER = 'Started by';

const SHA_CHARS = 12;

const run = ({ run: id, attempt }: ClientJob): string =>
  id === '' ? '' : attempt > 1 ? `${id} (attempt ${attempt})` : id;

/** An issuer that counts attempts names who started the first one, and not who ran the job again. */
const starter = ({ actor, attempt, ranAgainBy }: ClientJob): string => {
  if (actor === '' || attempt <= 1) return actor;
  return ranAgainBy === undefined ? `${actor} (the first attempt)` : `${actor}; this attempt by ${ranAgainBy}`;
};

/** `repository acme/api`, `branch refs/heads/main`, … in this order. */
export const jobFacts = (job: ClientJob): JobFact[] =>
  [
    { label: 'Repository', text: job.repository },
    { label: 'Workflow', text: job.workflow },
    { label: 'Ref', text: job.ref },
    { label: 'Commit', text: job.sha.slice(0, SHA_CHARS) },
    { label: 'Environment', text: job.environment },
    { label: STARTER, text: starter(job) },
    { label: 'Event', text: job.event },
    { label: 'Run', text: run(job) },
    { label: 'Checks', text: job.checks ?? '' },
    // Where the issuer says nothing else, it is all there is.
    { label: 'Subject', text: job.repository === '' ? job.subject : '' },
  ].filter(({ text }) => text !== '');

/** `Repository acme/api, Ref refs/heads/main, …` */
export const jobText = (job: ClientJob): string =>
  jobFacts(job)
    .map(({ label, text }) => `${label} ${text}`)
    .join(', ');
