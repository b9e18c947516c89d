/** Reading requests and writing answers, nothing of Slack in it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Json } from './types.ts';

const BODY_BYTES_MAX = 20 * 1_024 * 1_024;

export const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > BODY_BYTES_MAX) throw new Error('The request is larger than 20 MB.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

/** The fields of a form or JSON body; undefined when it is neither. */
export const parseFields = (type: string, body: Buffer): Json | undefined => {
  const written = body.toString('utf8');
  if (type.startsWith('application/json')) {
    try {
      const parsed: unknown = written === '' ? {} : JSON.parse(written);
      return typeof parsed === 'object' && parsed !== null ? (parsed as Json) : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
  return Object.fromEntries(new URLSearchParams(written));
};

/** The first part of a multipart body: its bytes, without the headers and boundary. */
export const firstPart = (type: string, body: Buffer): Buffer => {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) return body;
  const start = body.indexOf('\r\n\r\n');
  const end = body.indexOf(`\r\n--${boundary}`, start);
  return start < 0 || end < 0 ? Buffer.alloc(0) : body.subarray(start + 4, end);
};

export const answerJson = (
  response: ServerResponse,
  body: Json,
  more: { status?: number; headers?: Record<string, string> } = {},
): void => {
  response.writeHead(more.status ?? 200, {
    'content-type': 'application/json; charset=utf-8',
    ...more.headers,
  });
  response.end(JSON.stringify(body));
};
