/** The body of an answer, to a limit that holds while it is read: another party may answer without an end. */

export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

/** `body`: of a `Response`. @throws AnswerTooLong, and what is still to come is not taken in. */
export const boundedText = async (body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AnswerTooLong('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
