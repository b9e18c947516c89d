/** The calls that a token makes, answered as GitLab documents them. */
import { DEPLOYMENT_ROUTES } from './deployments.ts';
import { SNIPPET_ROUTES } from './snippets.ts';
import type { Account, State } from './state.ts';

export type Asked = {
  state: State;
  who: Account;
  scopes: readonly string[];
  path: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
};
/** `text` where the answer is no JSON. */
export type Answer = { status: number; body?: unknown; text?: string };

export type Route = {
  method: string;
  /** `:name` is one part of the path. */
  path: string;
  run(asked: Asked, at: Record<string, string>): Answer | Promise<Answer>;
};

const ROUTES: readonly Route[] = [...SNIPPET_ROUTES, ...DEPLOYMENT_ROUTES];

const match = (pattern: string, path: string[]): Record<string, string> | null => {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== path.length) return null;
  const at: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part.startsWith(':')) at[part.slice(1)] = path[index] ?? '';
    else if (part !== path[index]) return null;
  }
  return at;
};

export const route = (method: string, asked: Asked): Answer | Promise<Answer> => {
  for (const one of ROUTES) {
    const at = one.method === method ? match(one.path, asked.path) : null;
    if (at) return one.run(asked, at);
  }
  return { status: 404, body: { error: '404 Not Found' } };
};
