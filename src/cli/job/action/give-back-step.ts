/** The post step: gives back all that this job has, and cancels what still waits. A failure is a warning: the access ends by itself. */
import type { Variables } from '../../../config/variable.ts';
import type { EndAnswer, RequestAnswer } from '../answers.ts';
import { JobFailure, say } from '../failure.ts';
import { PATIENCE_MS, connect } from '../server.ts';
import type { Server } from '../server.ts';
import { removeFiles, stateOf, warn, withAddress } from './runner.ts';

const END_MS = 30_000;
/** A server that restarts is waited out. */
const DOING = { doing: 'Giving the access back', patienceMs: PATIENCE_MS };

const cancel = async (server: Server, id: string): Promise<void> => {
  const path = `/requests/${encodeURIComponent(id)}`;
  const { state } = await server.call<RequestAnswer>('GET', path, DOING);
  if (state === 'pending') await server.call('POST', `${path}/cancel`, DOING);
};

const giveBackAll = async (env: Variables): Promise<void> => {
  const server = connect(withAddress(env));
  const request = stateOf(env, 'request');
  if (request !== null) await cancel(server, request);
  const { ended, ending } = await server.call<EndAnswer>('DELETE', '/grants?mine', { ...DOING, timeoutMs: END_MS });
  if (ended.length > 0) say(`Given back: ${ended.join(', ')}.`);
  if (ending.length > 0) say(`Being ended, not yet confirmed by the target: ${ending.join(', ')}.`);
};

export const giveBackStep = async (env: Variables): Promise<void> => {
  if (stateOf(env, 'begun') === null) return;
  removeFiles(env);
  try {
    await giveBackAll(env);
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    warn(`The access could not be given back: ${error.message} It ends by itself.`);
  }
};
