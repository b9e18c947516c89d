/**
 * The body of an answer, to a limit that holds while it is read: another party may answer without an end. Nothing else reads one: a test
 * refuses the methods of a response that take in whatever comes.
 */

export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

type Body = AsyncIterable<Uint8Array> | null;

/** `body`: of a `Response`. @throws AnswerTooLong, and what is still to come is not taken in. */
export const boundedBytes = async (body: Body, maxBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AnswerTooLong('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const boundedText = async (body: Body, maxBytes: number): Promise<string> =>
  (await boundedBytes(body, maxBytes)).toString('utf8');
