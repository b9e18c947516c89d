/** What a role definition allows, what a person could keep by it, and what Latchkey itself may do. */
import { z } from 'zod';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';
import type { Scope } from './config.ts';

export const API = 'api-version=2022-04-01';

const permission = z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) });
export type Permission = z.infer<typeof permission>;
export const permissionsAnswer = z.object({ value: z.array(permission) });
const roleAnswer = z.object({ properties: z.object({ roleName: z.string(), permissions: z.array(permission) }) });

const matches = (pattern: string, action: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    'i',
  ).test(action);

/** One permission gives what another of them takes out. */
export const allows = (permissions: readonly Permission[], action: string): boolean =>
  permissions.some(
    ({ actions, notActions }) =>
      actions.some((one) => matches(one, action)) && !notActions.some((one) => matches(one, action)),
  );

const KEEPS = [
  'Microsoft.Authorization/roleAssignments/write',
  'Microsoft.Authorization/roleDefinitions/write',
  'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
  'Microsoft.Authorization/roleEligibilityScheduleRequests/write',
  'Microsoft.Authorization/elevateAccess/action',
  // What activates roles by itself, and what assigns them by an identity of its own.
  'Microsoft.Authorization/roleManagementPolicies/write',
  'Microsoft.Blueprint/blueprintAssignments/write',
];

const LEAVES: readonly [string, string][] = [
  [
    'Microsoft.Storage/storageAccounts/listKeys/action',
    'Keys of storage accounts that were read stay valid until they are rotated.',
  ],
  [
    'Microsoft.KeyVault/vaults/accessPolicies/write',
    'Access policies of key vaults that were changed stay, and let in whom they name.',
  ],
  [
    'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action',
    'Administrator credentials of Kubernetes clusters that were read stay valid until they are rotated.',
  ],
  [
    'Microsoft.DocumentDB/databaseAccounts/listKeys/action',
    'Keys of Cosmos DB that were read stay valid until they are rotated.',
  ],
  ['Microsoft.Web/sites/publishxml/action', 'Publishing passwords of web apps that were read stay valid.'],
  ['Microsoft.Sql/servers/administrators/write', 'Administrators of SQL servers that were set stay.'],
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
    'Federated credentials of managed identities stay.',
  ],
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
    'Machines that were given a managed identity go on.',
  ],
  ['Microsoft.Compute/virtualMachines/write', 'Machines that were made or changed go on.'],
];

export type Role = { name: string; refused: string[]; remains: string[] };

export const roleAt = async (client: Client, { scope, role }: Scope, signal: AbortSignal): Promise<Role> => {
  const path = `${scope}/providers/Microsoft.Authorization/roleDefinitions/${role}?${API}`;
  const doing = `read the role definition ${role} at ${scope}`;
  const { body } = await client.manage({ call: { method: 'GET', path }, doing, statuses: [200] }, signal);
  const { roleName: name, permissions } = roleAnswer.parse(body).properties;
  return {
    name,
    refused: KEEPS.filter((action) => allows(permissions, action)),
    remains: LEAVES.flatMap(([action, sentence]) => (allows(permissions, action) ? [sentence] : [])),
  };
};

export const keepsAccess = ({ name, refused }: Role): string =>
  `The role ${name} is not granted, since a person could keep access by it: it allows ${refused.join(', ')}. Grant a role without that.`;

export const demandSafe = (role: Role): void => {
  if (role.refused.length > 0) throw new ProviderError('denied', keepsAccess(role), { isUntouched: true });
};
