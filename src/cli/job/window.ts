/** Access for a window of the policy: waited for while there is time, and taken over when the window opens. */
import type { RequestAnswer } from './answers.ts';
import { isAhead, requestAccess, sentenceOf } from './access.ts';
import type { Until, Wanted } from './access.ts';
import { EXITS, JobFailure, say } from './failure.ts';
import type { Server } from './server.ts';

const POLL_MS = 50_000;
const LATE_MS = 1_000;

const isOpen = ({ state }: RequestAnswer): boolean => state === 'pending' || state === 'approved';

const opensInMs = (server: Server, { window }: RequestAnswer): number =>
  window === null ? 0 : Date.parse(window.opens_at) - server.now();

/** A runner that waits costs money: where the window opens after the wait, that is said at once. */
const demandTime = (server: Server, answer: RequestAnswer, { deadline }: Until): void => {
  if (opensInMs(server, answer) <= deadline - performance.now()) return;
  const wait = 'The window opens after the end of --wait: run the command again while it is open. The request stays.';
  throw new JobFailure(EXITS.notDecided, `${sentenceOf(answer)} ${wait}`);
};

const look = (server: Server, answer: RequestAnswer, until: Until): Promise<RequestAnswer> => {
  const ms = Math.min(POLL_MS, Math.max(LATE_MS, opensInMs(server, answer)));
  const seconds = Math.ceil(ms / 1000);
  return server.call('GET', `/requests/${answer.id}?wait=${seconds}&version=${answer.version}`, {
    timeoutMs: (seconds + 10) * 1000,
    ...(until.signal && { signal: until.signal }),
  });
};

/** The request as this job's own, or as it was decided; `first` where it is for no window that lies ahead. */
export const waitForWindow = async (
  server: Server,
  { wanted, first }: { wanted: Wanted; first: RequestAnswer },
  until: Until,
): Promise<RequestAnswer> => {
  let answer = first;
  let said = '';
  while (isAhead(answer) && isOpen(answer)) {
    demandTime(server, answer, until);
    const line = sentenceOf(answer);
    if (line !== said) say(line);
    said = line;
    if (opensInMs(server, answer) <= 0) answer = await requestAccess(server, wanted, until);
    // Open by this clock, and not yet by the server's.
    if (isAhead(answer) && isOpen(answer)) answer = await look(server, answer, until);
  }
  return answer;
};
