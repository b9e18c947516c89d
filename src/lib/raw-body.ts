/** The body of an HTTP request as it came, to a limit. */
import type { IncomingMessage } from 'node:http';

/** null when it is larger. Reads on a little past the limit, so that the refusal reaches the sender; what goes on after that is cut off. */
export const readRawBody = async (request: IncomingMessage, maxBytes: number): Promise<Buffer | null> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk as Buffer);
    bytes += part.length;
    if (bytes <= maxBytes) chunks.push(part);
    if (bytes > maxBytes * 2) break;
  }
  return bytes > maxBytes ? null : Buffer.concat(chunks);
};
