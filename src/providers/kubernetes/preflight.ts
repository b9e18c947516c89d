/** Is the cluster reachable and prepared, are the roles there, and what may be kept by them? Each finding says how to fix it. */
import type { Finding } from '../provider.ts';
import type { Api } from './api.ts';
import type { Scope } from './config.ts';
import { lookAtGuard } from './guard.ts';
import { guardedPlaces } from './guarded-places.ts';
import { roleRefOf } from './objects.ts';
import { compareRights, needsOf, type Compared } from './own-rights.ts';
import { isAggregated, refusedIn, remainsIn } from './role-risks.ts';
import { missingRole, rolesFor, rulesIn, type RoleAt } from './roles.ts';
import { noteRules, type Seen } from './seen.ts';

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

const SHOWN = 8;
const some = (texts: readonly string[]): string =>
  `${texts.slice(0, SHOWN).join(', ')}${texts.length > SHOWN ? ` and ${texts.length - SHOWN} more` : ''}`;

const namespaceFindings = async (api: Api, names: readonly string[], signal: AbortSignal): Promise<Finding[]> => {
  const found = await Promise.all(
    names.map(async (name) => {
      const path = `/api/v1/namespaces/${name}`;
      const answer = await api.call(
        { method: 'GET', path, what: `read the namespace ${name}`, allowed: [403, 404] },
        signal,
      );
      // That it may not be read is said with the other rights.
      return answer.status === 404
        ? [error('no_namespace', `The namespace "${name}" does not exist. kubectl create namespace ${name}`)]
        : [];
    }),
  );
  return found.flat();
};

const rightsFindings = ({ namespace, missing, surplus, isIncomplete }: Compared): Finding[] => [
  ...(missing.length > 0
    ? [
        error(
          'lacks_rights',
          `Latchkey's service account lacks in the namespace ${namespace}: ${some(missing)}. Apply what \`latchkey doctor --sql\` prints.`,
        ),
      ]
    : []),
  ...(surplus.length > 0
    ? [
        warning(
          'more_than_needed',
          `Latchkey's service account may do more than it needs in the namespace ${namespace}: ${some(surplus)}. Take the roles that allow it away.`,
        ),
      ]
    : []),
  ...(isIncomplete
    ? [
        warning(
          'rights_unknown',
          `The API server does not list all rights of Latchkey in the namespace ${namespace}, so they are not compared.`,
        ),
      ]
    : []),
];

type Looked = { role: string; scope: Scope; roles: RoleAt[] };

const roleFindings = ({ role, scope, roles }: Looked): Finding[] => {
  const { kind, name } = roleRefOf(scope);
  const missing = roles.find((one) => one.role === null);
  if (missing) return [error('no_role', missingRole(scope, missing.place))];
  const rules = rulesIn(roles);
  if (rules.length === 0) return [error('empty_role', `The ${kind} "${name}" allows nothing. Add rules to it.`)];
  const refused = refusedIn(rules);
  const stays = remainsIn(rules);
  return [
    ...(refused.length > 0
      ? [
          error(
            'role_keeps_access',
            `The ${kind} "${name}" is not granted, since somebody could keep access by it: ${refused.slice(0, SHOWN).join('; ')}. Grant a role without that.`,
          ),
        ]
      : []),
    ...(roles.some((one) => one.role !== null && isAggregated(one.role))
      ? [
          warning(
            'aggregated_role',
            `The ClusterRole "${name}" grows with every ClusterRole that has its labels. Grant one with rules of its own.`,
          ),
        ]
      : []),
    ...(stays.length > 0
      ? [
          {
            ...warning(
              'role_leaves_behind',
              `After access by the ${kind} "${name}" something may stay: ${stays.join(' ')}`,
            ),
            remains: { roles: [role], sentences: stays },
          },
        ]
      : []),
  ];
};

const placeFindings = (own: string, { scope, roles }: Looked): Finding[] =>
  guardedPlaces(own, scope, rulesIn(roles)).map(({ code, message }) => error(code, message));

const guardFindings = async (api: Api, seen: Seen, signal: AbortSignal): Promise<Finding[]> => {
  seen.guard = await lookAtGuard(api, signal);
  if (seen.guard !== 'silent') return [];
  const message = `The guard in the namespace ${api.settings.namespace} has not renewed its lease for a minute, so only Latchkey ends access. Look at the Deployment latchkey-guard.`;
  return [warning('guard_silent', message)];
};

export const preflight = async (
  { api, seen }: { api: Api; seen: Seen },
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const { namespace: own } = api.settings;
  const needs = needsOf(scopes, own);
  // First: a token that is not accepted is one finding and not many.
  const rights = [];
  for (const namespace of needs.named.keys()) rights.push(await compareRights(api, { namespace, needs }, signal));
  const lacking = rights.flatMap(rightsFindings);
  if (lacking.some(({ level }) => level === 'error')) return lacking;
  const looked = await Promise.all(
    Object.entries(scopes).map(async ([role, scope]) => ({ role, scope, roles: await rolesFor(api, scope, signal) })),
  );
  for (const { scope, roles } of looked) noteRules(seen, scope, rulesIn(roles));
  return [
    ...lacking,
    ...(await namespaceFindings(api, [...needs.named.keys()], signal)),
    ...looked.flatMap(roleFindings),
    ...looked.flatMap((one) => placeFindings(own, one)),
    ...(await guardFindings(api, seen, signal)),
  ];
};
