/** Does the app have the permissions that it needs, and no more? And who else could let people in? */
import { z } from 'zod';
import { ProviderError, type Finding } from '../provider.ts';
import type { Client } from './client.ts';
import type { Scope } from './config.ts';
import { changeableGroup, groupPath, nameOf } from './groups.ts';

export const PERMISSIONS = ['GroupMember.ReadWrite.All', 'User.Read.All'] as const;

const owners = z.array(z.object({ id: z.string(), '@odata.type': z.string().nullish() }));

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

const permissionFindings = (given: readonly string[]): Finding[] => {
  const lacking = PERMISSIONS.filter((one) => !given.includes(one));
  const more = given.filter((one) => !PERMISSIONS.some((needed) => needed === one));
  return [
    ...(lacking.length > 0
      ? [
          error(
            'entra_permissions',
            `The app lacks ${lacking.join(' and ')}. Add it under API permissions as an application permission, and grant admin consent.`,
          ),
        ]
      : []),
    ...(more.length > 0
      ? [
          warning(
            'more_than_needed',
            `The app may do more than this target needs: ${more.slice(0, 10).join(', ').slice(0, 300)}. Use an app of its own.`,
          ),
        ]
      : []),
  ];
};

/** An owner of a group adds members without Latchkey, also after the end. */
const ofGroup = async (
  client: Client,
  { group, roles }: { group: string; roles: string[] },
  signal: AbortSignal,
): Promise<Finding[]> => {
  const found = await changeableGroup(client, group, signal);
  const path = `${groupPath(group)}/owners?$select=id&$top=100`;
  const all = owners.parse((await client.allIfThere(path, 'list the owners of the group', signal)) ?? []);
  const people = all.filter((owner) => owner['@odata.type'] !== '#microsoft.graph.servicePrincipal');
  if (people.length === 0) return [];
  const name = nameOf(found);
  const sentence = `Owners of the group ${name} can put themselves and others in without Latchkey, also after the end.`;
  return [
    {
      ...warning('group_has_owners', `${sentence} It has ${people.length}: give it no owner, or only an app.`),
      remains: { roles, sentences: [sentence] },
    },
  ];
};

export const preflight = async (
  client: Client,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const found: Finding[] = [];
  const look = async (work: () => Promise<Finding[]>): Promise<void> => {
    try {
      found.push(...(await work()));
    } catch (failure) {
      if (!(failure instanceof ProviderError)) throw failure;
      found.push(error(failure.kind, failure.message));
    }
  };
  await look(async () => permissionFindings((await client.permissions(signal)) ?? PERMISSIONS));
  // What fails for the app fails for each group alike.
  if (found.some(({ level }) => level === 'error')) return found;
  for (const group of new Set(Object.values(scopes).map((scope) => scope.group))) {
    const roles = Object.entries(scopes).flatMap(([role, scope]) => (scope.group === group ? [role] : []));
    await look(async () => await ofGroup(client, { group, roles }, signal));
  }
  return found;
};
