/** docs.gitlab.com, "Snippets API". */
import type { Route } from './routes.ts';
import { accountJson } from './state.ts';
import type { Account, Snippet, State } from './state.ts';

export type NewSnippet = Partial<Omit<Snippet, 'id'>> & { author: Account; content: string };

export const addSnippet = (state: State, snippet: NewSnippet): Snippet => {
  const made: Snippet = { project: null, visibility: 'internal', ...snippet, id: 40 + state.snippets.length };
  state.snippets.push(made);
  return made;
};

const visible = (state: State, who: Account, id: string | undefined): Snippet | undefined =>
  state.snippets.find((one) => String(one.id) === id && (one.visibility !== 'private' || one.author.id === who.id));

const snippetJson = ({ id, author, project, visibility }: Snippet): object => ({
  id,
  title: 'latchkey',
  file_name: 'latchkey.txt',
  files: [{ path: 'latchkey.txt', raw_url: `https://gitlab.com/-/snippets/${id}/raw/main/latchkey.txt` }],
  visibility,
  author: accountJson(author),
  project_id: project,
  web_url: `https://gitlab.com/-/snippets/${id}`,
});

const NOT_FOUND = { status: 404, body: { message: '404 Snippet Not Found' } };

export const SNIPPET_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/snippets/:id',
    run: ({ state, who }, at) => {
      const found = visible(state, who, at['id']);
      return found ? { status: 200, body: snippetJson(found) } : NOT_FOUND;
    },
  },
  {
    method: 'GET',
    path: '/snippets/:id/raw',
    run: ({ state, who }, at) => {
      const found = visible(state, who, at['id']);
      return found ? { status: 200, text: found.content } : NOT_FOUND;
    },
  },
];
