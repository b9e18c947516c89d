/** What a scope names, by its ids: GitHub gives a slug and a name to others once they are free. */
import { z } from 'zod';
import { namedList } from '../kit/named-list.ts';
import type { NamedInTarget } from '../provider.ts';
import type { Client } from './client.ts';
import type { Config, Scope } from './config.ts';

const teamAnswer = z.object({ id: z.int(), organization: z.object({ id: z.int() }) });
const repositoryAnswer = z.object({ id: z.int() });

type Opened = { client: Client; config: Config };
/** `list`: as a place keeps it. */
type OfScope = { list: string; named?: NamedInTarget };

const teamOf = async (
  { client, config }: Opened,
  { team: slug, id: wanted }: Extract<Scope, { team: string }>,
  signal: AbortSignal,
): Promise<OfScope> => {
  const path = `/orgs/${config.organization}/teams/${encodeURIComponent(slug)}`;
  const doing = `find the team ${slug} of ${config.organization}; is it there, and may Latchkey read members?`;
  const { id, organization } = teamAnswer.parse(
    (await client.ask({ method: 'GET', path }, { statuses: [200], doing }, signal)).body,
  );
  const named = namedList({ name: `team ${config.organization}/${slug}`.toLowerCase(), id: String(id), wanted });
  return { list: `team ${organization.id}/team/${id}`, ...named };
};

/** @throws ProviderError where it is not there, or has another id than the scope says. */
export const listIn = async (opened: Opened, scope: Scope, signal: AbortSignal): Promise<OfScope> => {
  if ('team' in scope) return await teamOf(opened, scope, signal);
  const call = { method: 'GET', path: `/repos/${scope.repository}` } as const;
  const doing = `find the repository ${scope.repository}; is it there, and may Latchkey administer it?`;
  const answer = await opened.client.ask(call, { statuses: [200], doing }, signal);
  const id = String(repositoryAnswer.parse(answer.body).id);
  const named = namedList({ name: `repository ${scope.repository}`.toLowerCase(), id, wanted: scope.id });
  return { list: `repository ${id} ${scope.permission}`, ...named };
};
