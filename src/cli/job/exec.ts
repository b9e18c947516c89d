/** `latchkey exec`: requests, waits, runs the command with the credentials, and gives back, whatever happens in between. */
import type { RequestAnswer } from './answers.ts';
import { demandActive, giveBack, requestAccess, sentenceOf, takeBack, waitForAccess } from './access.ts';
import type { Wanted } from './access.ts';
import { runChild } from './child.ts';
import { fetchCredentials } from './credentials.ts';
import { childEnvironment } from './environment.ts';
import type { Naming } from './environment.ts';
import { JobFailure, say } from './failure.ts';
import { mask } from './masks.ts';
import { connect } from './server.ts';
import { waitForWindow } from './window.ts';
import type { Server } from './server.ts';
import { Interrupted, listenToSignals } from './signals.ts';
import type { Signals } from './signals.ts';

export type Exec = { wanted: Wanted; waitMs: number; namings: Naming[]; inFile: boolean; command: string[] };

const access = async (server: Server, signals: Signals, { wanted, waitMs }: Exec): Promise<RequestAnswer> => {
  const until = { deadline: performance.now() + waitMs, signal: signals.ended };
  // Not broken off by a signal: what the server has made must be known, to be taken back.
  let first = await requestAccess(server, wanted, { deadline: until.deadline });
  try {
    first = await waitForWindow(server, { wanted, first }, until);
    const answer = await waitForAccess(server, first, until);
    if (answer.state === 'pending' || answer.state === 'approved') await takeBack(server, answer, signals.ended);
    return demandActive(answer);
  } catch (error) {
    if (error instanceof Interrupted) await takeBack(server, first);
    throw error;
  }
};

const use = async (
  server: Server,
  signals: Signals,
  { answer, exec }: { answer: RequestAnswer; exec: Exec },
): Promise<number> => {
  const { namings, inFile, command } = exec;
  const given = await fetchCredentials(server, answer.id, signals.ended);
  const { grant, expires_at: expiresAt, fields } = given;
  await mask(fields, { env: process.env });
  say(sentenceOf({ ...answer, expires_at: expiresAt }));
  const env = childEnvironment(process.env, { fields, namings, grant, inFile });
  return runChild({ server, signals, grant, expiresAt, command, env });
};

const useAndGiveBack = async (
  server: Server,
  signals: Signals,
  of: { answer: RequestAnswer; exec: Exec },
): Promise<number> => {
  let exit: number | null = null;
  try {
    exit = await use(server, signals, of);
    return exit;
  } finally {
    const { grant } = of.answer;
    if (grant !== null) await giveBack(server, grant, { hurry: signals.ended, ...(exit !== null && { exit }) });
  }
};

/** The exit code. */
export const exec = async (of: Exec): Promise<number> => {
  const server = connect(process.env);
  const signals = listenToSignals();
  try {
    const answer = await access(server, signals, of);
    const exit = await useAndGiveBack(server, signals, { answer, exec: of });
    return signals.exit() ?? exit;
  } catch (error) {
    const demanded = signals.exit();
    if (demanded === null || !(error instanceof Interrupted || error instanceof JobFailure)) throw error;
    return demanded;
  }
};
