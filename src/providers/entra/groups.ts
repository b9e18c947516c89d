/** May members of this group be changed, and would an end mean anything? Not where a rule, another directory or Exchange fills it. */
import { z } from 'zod';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';

const PROPERTIES = 'id,displayName,groupTypes,mailEnabled,isAssignableToRole,onPremisesSyncEnabled,visibility';

const groupAnswer = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  groupTypes: z.array(z.string()),
  mailEnabled: z.boolean().nullish(),
  isAssignableToRole: z.boolean().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  visibility: z.string().nullish(),
});
type Group = z.infer<typeof groupAnswer>;

export const groupPath = (id: string): string => `/groups/${encodeURIComponent(id)}`;

const whyNot = (group: Group): string | null => {
  const isUnified = group.groupTypes.includes('Unified');
  if (group.groupTypes.includes('DynamicMembership'))
    return 'a rule fills it, and Entra lets nobody add or remove its members. Use a group with assigned members';
  if (group.onPremisesSyncEnabled)
    return 'it comes from an Active Directory on premises, which fills it. Use a group of Entra, or an LDAP target';
  if (group.isAssignableToRole)
    return 'it gives roles of Entra itself. To change it Latchkey would need RoleManagement.ReadWrite.Directory, by which it could make itself a global administrator. Use Privileged Identity Management for such roles';
  if (group.mailEnabled && !isUnified)
    return 'Exchange keeps its members, and Graph cannot change them. Use a security group without mail';
  if (isUnified && group.visibility === 'Public')
    return 'it is public: everybody in the organization can join it, also after the end. Make it private';
  return null;
};

const findGroup = async (client: Client, id: string, signal: AbortSignal): Promise<Group> => {
  const doing = `find the group ${id}; is it there, and does the app have GroupMember.ReadWrite.All?`;
  const path = `${groupPath(id)}?$select=${PROPERTIES}`;
  const answer = await client.ask({ method: 'GET', path }, { statuses: [200], doing }, signal);
  return groupAnswer.parse(answer.body);
};

export const nameOf = ({ id, displayName }: Group): string => (displayName ?? id).slice(0, 100);

/** Its ID. @throws ProviderError with the reason why Latchkey leaves its members alone. */
export const changeableGroup = async (client: Client, id: string, signal: AbortSignal): Promise<Group> => {
  const group = await findGroup(client, id, signal);
  const why = whyNot(group);
  if (why === null) return group;
  throw new ProviderError('denied', `Latchkey does not change the group ${nameOf(group)}: ${why}.`, {
    isUntouched: true,
  });
};
