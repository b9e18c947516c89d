/** A group by its address, and may its members be changed? Not where a query or another directory fills it. */
import { z } from 'zod';
import { namedList } from '../kit/named-list.ts';
import { ProviderError, type NamedInTarget } from '../provider.ts';
import type { Client } from './client.ts';
import type { Scope } from './config.ts';

const found = z.object({ name: z.string().regex(/^groups\/[\w-]+$/) });
const groupAnswer = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  dynamicGroupMetadata: z.unknown().optional(),
});

/** Its name in the API, which no other group ever gets; null where there is none by this address. */
export const groupNamed = async (client: Client, address: string, signal: AbortSignal): Promise<string | null> => {
  const path = `/groups:lookup?groupKey.id=${encodeURIComponent(address)}`;
  const doing = `look for the group ${address}`;
  // 403 says that it may not exist, or that it is not to be seen.
  const answer = await client.ask({ method: 'GET', path }, { statuses: [200, 403, 404], doing }, signal);
  return answer.status === 200 ? found.parse(answer.body).name : null;
};

export const findGroup = async (client: Client, address: string, signal: AbortSignal): Promise<string> => {
  const name = await groupNamed(client, address, signal);
  if (name !== null) return name;
  const sentence = `Google shows no group ${address}: is it there, and is the service account a manager in it?`;
  throw new ProviderError('misconfigured', sentence, { isUntouched: true });
};

const whyNot = ({ labels, dynamicGroupMetadata: query }: z.infer<typeof groupAnswer>): string | null => {
  if (query !== undefined || 'cloudidentity.googleapis.com/groups.dynamic' in labels)
    return 'a query fills it, and Google lets nobody add or remove its members. Use a group with assigned members';
  if ('system/groups/external' in labels) return 'another directory fills it. Use a group of Google';
  return null;
};

export const readGroup = async (client: Client, name: string, signal: AbortSignal): Promise<string | null> => {
  const doing = 'read the group; is it there, and is the service account a manager in it?';
  const answer = await client.ask({ method: 'GET', path: `/${name}` }, { statuses: [200], doing }, signal);
  return whyNot(groupAnswer.parse(answer.body));
};

/** `list`: its name in the API. @throws ProviderError with the reason why Latchkey leaves its members alone. */
export const changeableGroup = async (
  client: Client,
  { group: address, id: wanted }: Scope,
  signal: AbortSignal,
): Promise<{ list: string; named?: NamedInTarget }> => {
  const list = await findGroup(client, address, signal);
  const named = namedList({ name: `group ${address}`, id: list.replace(/^groups\//, ''), wanted });
  const why = await readGroup(client, list, signal);
  if (why === null) return { list, ...named };
  throw new ProviderError('denied', `Latchkey does not change the group ${address}: ${why}.`, { isUntouched: true });
};
