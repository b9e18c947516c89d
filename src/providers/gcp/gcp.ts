/** Roles in Google Cloud projects, by a conditional binding of the person's own account that Google itself ends at the deadline. */
import { defineProvider } from '../define-provider.ts';
import type { Connected, EndGuarantee } from '../provider.ts';
import { openApi } from './api.ts';
import { configSchema, handleSchema, scopeSchema, type Config, type Handle, type Scope } from './config.ts';
import { differences, listLookalikes, listOurs } from './drift.ts';
import { extend, find, grant, isPresent, restore, revokeAll } from './grant.ts';
import { manual } from './manual.ts';
import { nameProblem } from './policy.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { openProjects, type Projects } from './projects.ts';
import { sessionsIn } from './role-risks.ts';
import { ownMemberOf } from './tokens.ts';

const SLOW =
  'After an end before the deadline, Google lets the person in for about 2 minutes more, at times for 7 or longer.';

const guaranteeOf = (projects: Projects, { role }: Scope): EndGuarantee => {
  const open = sessionsIn(projects.lastSeen(role));
  const sentence = open.join(' and ');
  const goOn = open.length === 0 ? '' : ` ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)} that are open go on.`;
  return { endsBy: 'both', survives: `${SLOW}${goOn}` };
};

const connect = (config: Config): Connected<Scope, Handle> => {
  const projects = openProjects(openApi(config), config.projects);
  const self = ownMemberOf(config);
  return {
    find: async (scope, ctx) => await find(projects, scope, ctx),
    grant: async (scope, ctx) => await grant(projects, scope, ctx),
    check: async (scope, _handle, ctx) => ((await isPresent(projects, { scope, ...ctx }, ctx)) ? 'present' : 'absent'),
    extend: async (scope, _handle, ctx) => await extend(projects, scope, ctx),
    revokeMany: async (items, ctx) => await revokeAll(projects, items, ctx),
    listOurs: async ({ signal }) => await listOurs(projects, signal),
    listLookalikes: async (_scopes, { signal }) => await listLookalikes(projects, signal),
    differences,
    restore: async (scope, ctx) => await restore(projects, scope, ctx),
    preflight: async (scopes, { signal }) => await preflight({ projects, self }, scopes, signal),
    manual: (scope, _handle, { grantId }) => manual(scope, grantId),
    guarantee: (scope) => guaranteeOf(projects, scope),
    disconnect: async () => await projects.close(),
  };
};

export const gcp = defineProvider<Config, Scope, Handle>({
  id: 'gcp',
  title: 'Google Cloud',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  identity: { isNeeded: () => true, nameProblem },
  configWarnings: ({ key }) =>
    key === undefined
      ? []
      : [
          {
            path: 'key',
            message:
              'A key does not expire. Use federation, or metadata: true, where Latchkey runs in a place that has one.',
          },
        ],
  prepare,
  connect,
});
