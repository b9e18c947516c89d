/** Roles in Azure, by a role assignment of the person's own account that Latchkey makes and takes away. */
import { shellQuoted } from '../kit/credentials.ts';
import { defineMembership, type Place } from '../kit/membership.ts';
import type { Manual, Preparation } from '../provider.ts';
import { configSchema, scopeSchema, type Config, type Scope } from './config.ts';
import { neededOf } from './preflight.ts';
import { openRoster } from './roster.ts';

const SURVIVES =
  'Azure lets the person in for up to 10 minutes more. Tokens for data, and sessions that are open, go on until they expire, which may be an hour or longer.';

const manual = ({ scope, role }: Scope, place: Place | undefined): Manual => {
  const who = place?.member ?? 'OBJECT_ID';
  return {
    name: `the role ${role} of ${place ? `the account with the object ID ${who}` : 'the account'} at ${scope}`,
    enforcedBy: null,
    statements: [`az role assignment delete --assignee ${who} --role ${role} --scope ${shellQuoted(scope)}`],
  };
};

const conditionFor = (roles: readonly string[]): string => {
  const of = (place: string): string =>
    `@${place}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roles.join(', ')}} AND @${place}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'User'}`;
  const only = (verb: string, place: string): string =>
    `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR (${of(place)}))`;
  return `${only('write', 'Request')} AND ${only('delete', 'Resource')}`;
};

const UNBOUND =
  'With mode: pim no condition limits which roles Latchkey can give at these scopes. Make the scopes as small as the roles allow, and watch the alerts of Privileged Identity Management there.';

const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const places = [...new Set(Object.values(scopes).map(({ scope }) => scope))].sort();
  const subscriptions = [...new Set(places.map((scope) => scope.split('/').slice(0, 3).join('/')))];
  const role = {
    Name: 'Latchkey',
    Description: 'Gives and takes role assignments.',
    Actions: neededOf(config),
    AssignableScopes: subscriptions,
  };
  const app = config?.client_id ?? 'CLIENT_ID';
  const assigned = places.map((scope) => {
    const roles = [
      ...new Set(Object.values(scopes).flatMap((one) => (one.scope === scope ? [one.role.toLowerCase()] : []))),
    ].sort();
    const create = `az role assignment create --assignee ${app} --role Latchkey --scope ${shellQuoted(scope)}`;
    // A condition knows role assignments only, and not requests for them.
    if (config?.mode === 'pim') return create;
    return `${create} --condition-version 2.0 --condition "${conditionFor(roles)}"`;
  });
  return {
    text: `#!/bin/sh
# What Latchkey needs in Azure. Run it as an owner of the scopes, where the app ${app} is registered. It holds no secret.
set -eu
cat > latchkey-role.json <<'END'
${JSON.stringify(role, null, 2)}
END
az role definition create --role-definition @latchkey-role.json || az role definition update --role-definition @latchkey-role.json
${assigned.join('\n')}
# User.Read.All of Microsoft Graph: finds the person's account.
az ad app permission add --id ${app} --api 00000003-0000-0000-c000-000000000000 --api-permissions df021288-bdef-4463-88db-98f22de89214=Role
az ad app permission admin-consent --id ${app}
`,
    version: null,
    notes: [
      'Where roles of the target change, take the old assignment of Latchkey away and run this again.',
      ...(config?.mode === 'pim' ? [UNBOUND] : []),
    ],
  };
};

export const azure = defineMembership<Config, Scope>({
  id: 'azure',
  title: 'Azure',
  config: configSchema,
  scope: scopeSchema,
  identity: {
    nameProblem: (name) =>
      /^[^\s/\\?#%]{3,113}$/.test(name) ? null : 'is neither a user principal name nor an object ID of Entra',
  },
  width: 8,
  // It is consistent after a while only.
  readBack: { times: 2, everyMs: 300, withinMs: 10_000 },
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
