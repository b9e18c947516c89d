/** Membership of one group of Microsoft Entra ID, of the person's own account. */
import { defineMembership } from '../kit/membership.ts';
import type { Place } from '../kit/membership.ts';
import type { Manual, Preparation } from '../provider.ts';
import { configSchema, lookupSchema, scopeSchema, type Config, type Scope } from './config.ts';
import { openRoster } from './roster.ts';
import { PERMISSIONS } from './preflight.ts';

const SURVIVES =
  'Tokens that were given out keep the group until they expire, mostly 60 to 90 minutes, and sessions in apps go on until the app ends them.';

const manual = ({ group }: Scope, place: Place | undefined): Manual => {
  const member = place?.member ?? '<the object ID of the account>';
  const list = place?.list ?? group;
  return {
    name: `the account ${member} in the group ${list}`,
    enforcedBy: null,
    statements: [`az ad group member remove --group ${list} --member-id ${member}`],
  };
};

const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const groups = [...new Set(Object.values(scopes).map(({ group }) => group))];
  return {
    text: `#!/bin/sh
# As a Privileged Role Administrator of the tenant${config ? ` ${config.tenant}` : ''}, with the Azure CLI. May be run more than once.
set -eu
app='${config?.client_id ?? '<application (client) ID>'}'   # az ad app create --display-name Latchkey --sign-in-audience AzureADMyOrg
az ad sp show --id "$app" >/dev/null 2>&1 || az ad sp create --id "$app" >/dev/null
graph=00000003-0000-0000-c000-000000000000
sp=$(az ad sp show --id "$app" --query id --output tsv)
api=$(az ad sp show --id "$graph" --query id --output tsv)
given=$(az rest --method GET --url "https://graph.microsoft.com/v1.0/servicePrincipals/$sp/appRoleAssignments" --query 'value[].appRoleId' --output tsv)
# These and no others:
for name in ${PERMISSIONS.join(' ')}; do
  role=$(az ad sp show --id "$graph" --query "appRoles[?value=='$name' && contains(allowedMemberTypes, 'Application')].id" --output tsv)
  case "$given" in *"$role"*) continue ;; esac
  az rest --method POST --url "https://graph.microsoft.com/v1.0/servicePrincipals/$sp/appRoleAssignments" \\
    --body "{\\"principalId\\":\\"$sp\\",\\"resourceId\\":\\"$api\\",\\"appRoleId\\":\\"$role\\"}" >/dev/null
done
# Groups of the roles. Their owners can add members without Latchkey: each should print nothing.
${groups.map((group) => `az ad group owner list --group ${group} --query '[].displayName' --output tsv`).join('\n')}
`,
    version: null,
    notes: [
      'The text holds no secret. Sign in with a certificate or a federated token; a client secret expires and can be copied.',
      `${PERMISSIONS[0]} is for every group of the tenant but those that give roles of Entra: Graph has no permission for some groups only.`,
    ],
  };
};

const SECRET =
  'A client secret can be copied and expires without a notice. Use token_file (workload identity) or certificate.';

export const entra = defineMembership({
  id: 'entra',
  title: 'Entra group',
  config: configSchema,
  scope: scopeSchema,
  identity: {
    lookup: lookupSchema,
    nameProblem: (name) =>
      /^[^\s/\\?$][^\s/\\?]*@[^\s/\\?@]+$/.test(name) && name.length <= 320
        ? null
        : 'is no user principal name of Entra',
  },
  configWarnings: ({ client_secret: secret }) =>
    secret === undefined ? [] : [{ path: 'client_secret', message: SECRET }],
  width: 25,
  // Its replicas hear of a change one after the other.
  readBack: { times: 3, everyMs: 400, withinMs: 12_000 },
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
