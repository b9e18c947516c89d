/** A witness for other logs: one state file, written before each answer. */
import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../lib/log.ts';
import { readRawBody } from '../../lib/raw-body.ts';
import type { BodyProblem } from '../../lib/raw-body.ts';
import { StartError } from '../../lib/start-error.ts';
import { listen } from '../listen.ts';
import { addCheckpoint } from './witness-rules.ts';
import type { Answer, Seen, Witness } from './witness-rules.ts';

const BODY_MAX = 65_536;

export type WitnessSettings = { witness: Witness; stateFile: string; port: number; host: string | null; log: Log };
export type RunningWitness = { port: number; stop(): Promise<void> };

const readSeen = async (file: string): Promise<Seen> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Seen;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new StartError(
      `The state file ${file} cannot be read; put back its last good copy. A witness without its state would sign a log that was rewritten.`,
      { cause: error },
    );
  }
};

/** On the disk before anybody hears of it. */
const writeSeen = async (file: string, seen: Seen): Promise<void> => {
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(`${JSON.stringify(seen, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
};

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

/** Anybody can send half of one, so nothing is written to the log. */
const BODY_REFUSALS: Record<BodyProblem, Answer> = {
  too_large: plain(413, 'The request is too long.\n'),
  busy: plain(503, 'There are too many large requests at the moment; send it again.\n'),
  cut_off: plain(408, 'The request did not arrive.\n'),
};

const newestOf = (seen: Seen, url: string): Answer => {
  const [, hash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url) ?? [];
  const found = Object.entries(seen).find(([origin]) => createHash('sha256').update(origin).digest('hex') === hash);
  return found ? plain(200, found[1].checkpoint) : plain(404, 'There is nothing here.\n');
};

const send = (response: ServerResponse, { status, type, body }: Answer): void =>
  void response.writeHead(status, { 'content-type': type }).end(body);

export const startWitness = async (settings: WitnessSettings): Promise<RunningWitness> => {
  const { witness, stateFile, port, host, log } = settings;
  let seen = await readSeen(stateFile);
  let before: Promise<unknown> = Promise.resolve();
  /** One after the other: each looks at what the one before stored. */
  const add = (body: string): Promise<Answer> => {
    const next = before.then(async () => {
      const answer = await addCheckpoint(witness, seen, body);
      if (!answer.seen) return answer;
      await writeSeen(stateFile, answer.seen);
      seen = answer.seen;
      return answer;
    });
    before = next.catch(() => undefined);
    return next;
  };
  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    if (request.method === 'GET') return newestOf(seen, request.url ?? '');
    if (request.method !== 'POST' || request.url !== '/add-checkpoint') return plain(404, 'There is nothing here.\n');
    const read = await readRawBody(request, BODY_MAX);
    return 'problem' in read ? BODY_REFUSALS[read.problem] : add(read.body.toString('utf8'));
  };
  const server = createServer((request, response) => {
    answerTo(request).then(
      (answer) => send(response, answer),
      (error: unknown) => {
        log.error({ err: error }, 'a checkpoint could not be witnessed');
        send(response, plain(500, 'The witness failed; its log has more.\n'));
      },
    );
  });
  const taken = await listen(server, { port, host, variable: 'PORT' });
  return {
    port: taken,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
};
