/** May Latchkey do at each scope what it needs and no more, are the roles there, and what could be kept by them? */
import { errorFinding, warningFinding, type Finding } from '../../domain/finding.ts';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { allows, API, keepsAccess, permissionsAnswer, roleAt } from './roles.ts';

const NEEDED = [
  'Microsoft.Authorization/roleAssignments/read',
  'Microsoft.Authorization/roleAssignments/write',
  'Microsoft.Authorization/roleAssignments/delete',
  'Microsoft.Authorization/roleDefinitions/read',
  'Microsoft.Authorization/permissions/read',
] as const;

/** Beside those: Azure lets only who may assign send a request. */
const NEEDED_OF_PIM = [
  'Microsoft.Authorization/roleAssignmentScheduleRequests/read',
  'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
  'Microsoft.Authorization/roleAssignmentScheduleInstances/read',
  'Microsoft.Authorization/roleAssignmentSchedules/read',
] as const;

type Opened = { client: Client; config: Config };

export const neededOf = (config: Pick<Config, 'mode'> | null): readonly string[] =>
  config?.mode === 'pim' ? [...NEEDED, ...NEEDED_OF_PIM] : NEEDED;

const TOO_MUCH = [
  'Microsoft.Authorization/roleDefinitions/write',
  'Microsoft.Compute/virtualMachines/write',
  'Microsoft.Storage/storageAccounts/listKeys/action',
  'Microsoft.Resources/subscriptions/resourceGroups/delete',
];

const rightsAt = async ({ client, config }: Opened, scope: string, signal: AbortSignal): Promise<Finding[]> => {
  const path = `${scope}/providers/Microsoft.Authorization/permissions?${API}`;
  const asked = {
    call: { method: 'GET' as const, path },
    doing: `say what Latchkey may do at ${scope}`,
    statuses: [200],
  };
  const { value } = permissionsAnswer.parse((await client.manage(asked, signal)).body);
  const missing = neededOf(config).filter((one) => !allows(value, one));
  const surplus = TOO_MUCH.filter((one) => allows(value, one));
  return [
    ...(missing.length > 0
      ? [
          errorFinding(
            'lacks_rights',
            `Latchkey lacks at ${scope}: ${missing.join(', ')}. Run what \`latchkey doctor --sql\` prints.`,
          ),
        ]
      : []),
    ...(surplus.length > 0
      ? [
          warningFinding(
            'more_than_needed',
            `Latchkey may do more than it needs at ${scope}: ${surplus.join(', ')}. Take the roles that allow it away.`,
          ),
        ]
      : []),
  ];
};

const roleFindings = async (
  client: Client,
  { name, scope }: { name: string; scope: Scope },
  signal: AbortSignal,
): Promise<Finding[]> => {
  const role = await roleAt(client, scope, signal);
  if (role.refused.length > 0) return [errorFinding('role_keeps_access', keepsAccess(role))];
  if (role.remains.length === 0) return [];
  const message = `After access by the role ${role.name} something may stay: ${role.remains.join(' ')}`;
  return [{ ...warningFinding('role_leaves_behind', message), remains: { roles: [name], sentences: role.remains } }];
};

/** One that fails is a finding, and the others are looked at. */
const found = async (work: Promise<Finding[]>): Promise<Finding[]> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetried) throw error;
    return [errorFinding(error.kind, error.message)];
  }
};

export const preflight = async (
  { client, config }: Opened,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const places = [...new Set(Object.values(scopes).map(({ scope }) => scope))];
  const looked = await Promise.all([
    ...places.map(async (scope) => await found(rightsAt({ client, config }, scope, signal))),
    ...Object.entries(scopes).map(async ([name, scope]) => await found(roleFindings(client, { name, scope }, signal))),
  ]);
  return looked.flat();
};
