/** Temporary bindings in a Kubernetes cluster, for a person or for an account of the grant: made at its start, emptied and deleted at its end. */
import { defineProvider } from '../define-provider.ts';
import type { Connected } from '../provider.ts';
import { openApi } from './api.ts';
import { configSchema, handleSchema, scopeSchema, settingsOf, type Config, type Handle, type Scope } from './config.ts';
import { differences, listLookalikes, listOurs, restore } from './drift.ts';
import { extend, findPerson, grant } from './grant.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { closeAll, isPresent, revokeAll } from './revoke.ts';
import { createSeen, guaranteeOf } from './seen.ts';
import { namespaces } from './targets.ts';

const connect = (config: Config): Connected<Scope, Handle> => {
  const settings = settingsOf(config);
  const api = openApi(settings);
  const seen = createSeen();
  return {
    find: async (scope, ctx) => await findPerson(api, scope, ctx),
    grant: async (scope, ctx) => await grant(api, scope, ctx),
    check: async (scope, _handle, { grantId, signal }) =>
      (await isPresent(api, { grantId, scope }, signal)) ? 'present' : 'absent',
    extend: async (scope, _handle, ctx) => await extend(api, scope, ctx),
    closeMany: async (items, ctx) => await closeAll(api, items, ctx),
    revokeMany: async (items, ctx) => await revokeAll(api, items, ctx),
    listOurs: async ({ signal }) => await listOurs(api, signal),
    listLookalikes: async (scopes, { signal }) => await listLookalikes(api, scopes, signal),
    differences,
    restore: async (scope, ctx) => await restore(api, scope, ctx),
    preflight: async (scopes, { signal }) => await preflight({ api, seen }, scopes, signal),
    manual: (scope, _handle, { grantId }) =>
      manual(scope, { grantId, namespace: settings.namespace, isGuarded: seen.guard === 'alive' }),
    guarantee: (scope) => guaranteeOf(seen, scope),
    disconnect: async () => await api.close(),
  };
};

export const kubernetes = defineProvider<Config, Scope, Handle>({
  id: 'kubernetes',
  title: 'Kubernetes',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  identity: {
    isNeeded: ({ subject }) => subject === 'person',
    nameProblem: (name) => (name.startsWith('system:') ? 'is a name that Kubernetes keeps for itself' : null),
  },
  prepare,
  targets: namespaces,
  connect,
});
