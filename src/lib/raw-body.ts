/** The body of an HTTP request as it came: to a limit that holds while it is read, and within what all bodies together may take. */
import type { IncomingMessage } from 'node:http';

/**
 * `too_large`: more than the reader takes. `busy`: large bodies of others take all the memory that there is for them; the sender may try again.
 * `cut_off`: the connection ended, or was ended because the body was too slow.
 */
export type BodyProblem = 'too_large' | 'busy' | 'cut_off';
export type RawBody = { body: Buffer } | { problem: BodyProblem };

/** Nearly everything that Slack and the alert sources send. Bodies of this size are always read, whatever large ones take. */
const SMALL_BYTES = 64 * 1024;
/** For what is larger, in the whole process. */
const LARGE_TOTAL_BYTES = 64 * 1024 * 1024;

let largeBytes = 0;

const collect = (request: IncomingMessage, maxBytes: number, answer: (result: RawBody) => void): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let held = 0;
  const settle = (result: RawBody): void => {
    largeBytes -= held;
    held = 0;
    request.off('data', onData).off('end', onEnd).off('close', onClose).resume();
    answer(result);
  };
  const hold = (): boolean => {
    if (bytes <= SMALL_BYTES) return true;
    largeBytes += bytes - held;
    held = bytes;
    return largeBytes <= LARGE_TOTAL_BYTES;
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) settle({ problem: 'too_large' });
    else if (hold()) chunks.push(chunk);
    else settle({ problem: 'busy' });
  };
  const onEnd = (): void => settle({ body: Buffer.concat(chunks) });
  const onClose = (): void => settle({ problem: 'cut_off' });
  request.on('data', onData).once('end', onEnd).once('close', onClose);
};

/** Never rejects. What is not read is left to the server, which drops it. */
export const readRawBody = (request: IncomingMessage, maxBytes: number): Promise<RawBody> =>
  new Promise((resolve) => {
    if (request.destroyed) resolve({ problem: 'cut_off' });
    else if (Number(request.headers['content-length'] ?? 0) > maxBytes) resolve({ problem: 'too_large' });
    else collect(request, maxBytes, resolve);
  });
