/** Does the installation have the rights that the roles need, and no more? And what could a member keep? */
import { z } from 'zod';
import { ProviderError, type Finding } from '../provider.ts';
import type { Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { listIn } from './lists.ts';

type Opened = { client: Client; config: Config };

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

const isWrite = (scope: Scope): boolean =>
  'permission' in scope && scope.permission !== 'pull' && scope.permission !== 'triage';
const isAdmin = (scope: Scope): boolean => 'permission' in scope && ['maintain', 'admin'].includes(scope.permission);

const WRITTEN =
  'Commits, tags, releases and changed workflows stay; a workflow runs with the secrets of the repository.';
const RULED = 'Deploy keys, webhooks, collaborators and settings that were added stay.';

const rightsFindings = (permissions: Record<string, string>, scopes: readonly Scope[]): Finding[] => {
  const needed: Record<string, 'read' | 'write'> = {
    members: scopes.some((scope) => 'team' in scope) ? 'write' : 'read',
    ...(scopes.some((scope) => 'repository' in scope) && { administration: 'write' }),
    metadata: 'read',
  };
  const has = (name: string, level: string): boolean => permissions[name] === 'write' || permissions[name] === level;
  const lacking = Object.entries(needed).filter(([name, level]) => name !== 'metadata' && !has(name, level));
  const more = Object.entries(permissions).filter(([name, level]) => level !== 'read' && needed[name] !== 'write');
  const list = (pairs: [string, string][]): string => pairs.map(([name, level]) => `${name}: ${level}`).join(', ');
  return [
    ...(lacking.length > 0
      ? [
          error(
            'github_permissions',
            `The App lacks ${list(lacking)}. Give it on the page of the App, and accept it for the installation.`,
          ),
        ]
      : []),
    ...(more.length > 0
      ? [
          warning(
            'more_than_needed',
            `The App may do more than this target needs: ${list(more)}. Use an App of its own.`,
          ),
        ]
      : []),
  ];
};

const teamRepositories = z.array(z.object({ full_name: z.string(), permissions: z.record(z.string(), z.boolean()) }));

const ofRole = async (
  { client, config }: Opened,
  { role, scope }: { role: string; scope: Scope },
  signal: AbortSignal,
): Promise<Finding[]> => {
  await listIn({ client, config }, scope, signal);
  if ('repository' in scope) {
    const sentences = [...(isWrite(scope) ? [WRITTEN] : []), ...(isAdmin(scope) ? [RULED] : [])];
    return sentences.length === 0 ? [] : [kept(role, sentences)];
  }
  const path = `/orgs/${config.organization}/teams/${encodeURIComponent(scope.team)}/repos`;
  const repositories = teamRepositories.parse(
    await client.all(path, `list the repositories of the team ${scope.team}`, signal),
  );
  const mayDo = (permission: string): boolean =>
    repositories.some(({ permissions }) => permissions[permission] === true);
  const sentences = [...(mayDo('push') ? [WRITTEN] : []), ...(mayDo('maintain') || mayDo('admin') ? [RULED] : [])];
  return sentences.length === 0 ? [] : [kept(role, sentences)];
};

const kept = (role: string, sentences: string[]): Finding => ({
  ...warning(
    'may_stay',
    `Through ${role} somebody can leave something on GitHub when their access has ended. ${sentences.join(' ')}`,
  ),
  remains: { roles: [role], sentences },
});

export const preflight = async (
  opened: Opened,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const found: Finding[] = [];
  try {
    const permissions = await opened.client.permissions(signal);
    if (permissions) found.push(...rightsFindings(permissions, Object.values(scopes)));
    for (const [role, scope] of Object.entries(scopes)) found.push(...(await ofRole(opened, { role, scope }, signal)));
  } catch (failure) {
    if (!(failure instanceof ProviderError)) throw failure;
    found.push(error(failure.kind, failure.message));
  }
  return found;
};
