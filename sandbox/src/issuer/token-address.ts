/** Where a GitHub job requests its token: `GET <url>&audience=…` with the job's bearer token, and `{ value }` for an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type TokenAddress = { secret: string; mint(audience: string): Promise<string> };

export const answerToken = (
  { secret, mint }: TokenAddress,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const refuse = (status: number): void => void response.writeHead(status).end();
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method !== 'GET') return refuse(405);
  if (request.headers.authorization !== `Bearer ${secret}`) return refuse(401);
  // GitHub's address has a query of its own, which a job must keep.
  if (searchParams.get('api-version') !== '2.0') return refuse(400);
  mint(searchParams.get('audience') ?? 'https://github.com/acme')
    .then((value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value })))
    .catch(() => refuse(500));
};
