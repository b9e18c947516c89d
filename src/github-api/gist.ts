/**
 * A gist as proof of whose an account is: nobody but its owner can write it. docs.github.com, "REST API endpoints for gists": read with
 * the right of an installation, which needs no permission for it. Only the id of an address that people give is looked at.
 */
import { z } from 'zod';
import type { Proof } from '../application/identity/account-link-ports.ts';
import { GithubError, demand } from './app-client.ts';
import type { AppClient } from './app-client.ts';

const GIST = /^https?:\/\/[^\s?#]+\/([0-9a-f]{5,64})\/?(?:[?#].*)?$/i;

const gist = z.object({
  owner: z.object({ id: z.int().positive().transform(String), login: z.string() }).nullish(),
  files: z.record(z.string(), z.object({ content: z.string().nullish(), truncated: z.boolean().default(false) })),
});
const installations = z.array(z.object({ id: z.int(), suspended_at: z.string().nullish() }));

const installationOf = async (client: AppClient): Promise<string> => {
  const answer = demand(
    await client.asApp({ method: 'GET', path: '/app/installations?per_page=100' }),
    [200],
    'the installations',
  );
  const usable = installations.safeParse(answer.body).data?.find(({ suspended_at: at }) => !at);
  if (!usable) throw new GithubError('The App is installed nowhere, so it cannot read gists.', { status: 0 });
  return String(usable.id);
};

export const readGist = async (client: AppClient, address: string): Promise<Proof | null> => {
  const id = GIST.exec(address)?.[1];
  if (id === undefined) return null;
  const installation = await installationOf(client);
  const answer = await client.withInstallation(installation, { method: 'GET', path: `/gists/${id}` });
  if (demand(answer, [200, 403, 404], 'a gist').status !== 200) return null;
  const parsed = gist.safeParse(answer.body);
  if (!parsed.success) return null;
  const { owner, files } = parsed.data;
  const [file, ...others] = Object.values(files);
  if (!owner || !file || others.length > 0 || file.truncated) return null;
  return { accountId: owner.id, login: owner.login, text: file.content ?? '' };
};
