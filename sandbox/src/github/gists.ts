/** Gists: anyone with the address of a secret one reads it, and nobody but its owner writes it. */
import { randomBytes } from 'node:crypto';
import type { Route } from './api.ts';
import { accountJson } from './state.ts';
import type { Account, Gist, State } from './state.ts';

const GIST_ID_BYTES = 16;

export const addGist = (state: State, owner: Account | null, files: Record<string, string>): Gist => {
  const gist = { id: randomBytes(GIST_ID_BYTES).toString('hex'), owner, files };
  state.gists.push(gist);
  return gist;
};

const gistJson = ({ id, owner, files }: Gist): object => ({
  id,
  public: false,
  html_url: `https://gist.github.com/${owner?.login ?? 'anonymous'}/${id}`,
  ...(owner && { owner: accountJson(owner) }),
  files: Object.fromEntries(
    Object.entries(files).map(([filename, content]) => [
      filename,
      { filename, type: 'text/plain', size: content.length, truncated: false, content },
    ]),
  ),
});

export const GIST_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/gists/:gist',
    as: 'installation',
    run: ({ state }, at) => {
      const gist = state.gists.find(({ id }) => id === at['gist']);
      return gist ? { status: 200, body: gistJson(gist) } : { status: 404, body: { message: 'Not Found' } };
    },
  },
];
