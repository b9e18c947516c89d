/** A role at a scope, as a place keeps it, and lists of Resource Manager. */
import { z } from 'zod';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';
import type { Scope } from './config.ts';

export const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

export const listOf = ({ scope, role }: Scope): string => `${role.toLowerCase()}@${scope.toLowerCase()}`;
export const inList = (list: string): Scope => ({
  role: list.slice(0, list.indexOf('@')),
  scope: list.slice(list.indexOf('@') + 1),
});

type Assigned = { scope: string; principalId: string; roleDefinitionId: string };

export const isOfPlace = (one: Assigned, { scope, role, member }: Scope & { member: string }): boolean =>
  isSame(one.scope, scope) &&
  isSame(one.principalId, member) &&
  isSame(one.roleDefinitionId.split('/').at(-1) ?? '', role);

const pageAnswer = z.object({ value: z.array(z.unknown()), nextLink: z.string().nullish() });
const PAGES_MAX = 50;

export const allPages = async (
  client: Client,
  { path: first, doing }: { path: string; doing: string },
  signal: AbortSignal,
): Promise<unknown[]> => {
  const found: unknown[] = [];
  let path = first;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.manage({ call: { method: 'GET', path }, doing, statuses: [200] }, signal);
    const { value, nextLink } = pageAnswer.parse(answer.body);
    found.push(...value);
    if (!nextLink) return found;
    // The host stays our own: the token goes there.
    const next = new URL(nextLink);
    path = `${next.pathname}${next.search}`;
  }
  throw new ProviderError('misconfigured', `Azure could not ${doing}: there are too many.`);
};
