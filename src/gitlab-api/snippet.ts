/**
 * A personal snippet as proof of whose an account is. docs.gitlab.com, "Snippets API". A snippet of a project can be written by others
 * of the project, so it proves nothing. Only the number of an address that people give is looked at.
 */
import { z } from 'zod';
import type { Proof } from '../application/identity/account-link-ports.ts';
import { GitlabError, messageIn } from './client.ts';
import type { GitlabAnswer, GitlabClient } from './client.ts';

const SNIPPET = /^https?:\/\/[^\s?#]+\/snippets\/(\d{1,15})\/?(?:[?#].*)?$/;

const snippet = z.object({
  author: z.object({ id: z.int().positive().transform(String), username: z.string() }),
  project_id: z.int().nullish(),
  files: z.array(z.unknown()).max(1).default([]),
});

/** What the token may not see is not there to GitLab. */
const found = (answer: GitlabAnswer): boolean => {
  if (answer.status === 200) return true;
  if (answer.status === 404 || answer.status === 403) return false;
  throw new GitlabError(`GitLab refuses a snippet with ${answer.status}${messageIn(answer.body)}.`, {
    status: answer.status,
  });
};

export const readSnippet = async (client: GitlabClient, address: string): Promise<Proof | null> => {
  const id = SNIPPET.exec(address)?.[1];
  if (id === undefined) return null;
  const about = await client.call({ method: 'GET', path: `/snippets/${id}` });
  const parsed = found(about) ? snippet.safeParse(about.body) : null;
  if (!parsed?.success || (parsed.data.project_id ?? null) !== null) return null;
  const raw = await client.call({ method: 'GET', path: `/snippets/${id}/raw` });
  const { author } = parsed.data;
  return found(raw) ? { accountId: author.id, login: author.username, text: raw.text } : null;
};
