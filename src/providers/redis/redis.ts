/** Temporary ACL users on the nodes of a Redis or Valkey target: made at the start of a grant, closed, cut and deleted at its end. */
import { defineProvider } from '../define-provider.ts';
import type { Connected } from '../provider.ts';
import {
  configSchema,
  configWarnings,
  handleSchema,
  scopeSchema,
  settingsOf,
  type Config,
  type Handle,
  type Scope,
} from './config.ts';
import { differences, listLookalikes, listOurs, restore } from './drift.ts';
import { extend, grant } from './grant.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { closeAll, isPresent, revokeAll } from './revoke.ts';
import { openServer } from './server.ts';
import { activity } from './sessions.ts';
import { survivesOf } from './survives.ts';
import type { Wanted } from './users.ts';

type Of = { grantId: string; handle: Handle | undefined };

const wantedOf = ({ grantId, handle }: Of): Wanted => ({ grantId, user: handle?.user ?? null });

const connect = (config: Config): Connected<Scope, Handle> => {
  const server = openServer(settingsOf(config));
  return {
    grant: async (scope, ctx) => await grant(server, scope, ctx),
    check: async (_scope, handle, ctx) =>
      (await isPresent(server, wantedOf({ grantId: ctx.grantId, handle }), ctx.signal)) ? 'present' : 'absent',
    extend: async (scope, handle, ctx) => await extend(server, { scope, handle }, ctx),
    closeMany: async (items, ctx) => await closeAll(server, items.map(wantedOf), ctx),
    revokeMany: async (items, ctx) => await revokeAll(server, items.map(wantedOf), ctx),
    activity: async (ctx) => await activity(server, ctx.signal),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    listLookalikes: async (_scopes, ctx) => await listLookalikes(server, ctx.signal),
    differences: (scope, ours, expiresAt) => differences(scope, { ours, expiresAt }, server.seen()),
    restore: async (scope, ctx) => await restore(server, scope, ctx),
    manual: (_scope, handle, ctx) => manual(handle, ctx),
    preflight: async (scopes, ctx) => await preflight(server, scopes, ctx.signal),
    // Redis knows no deadline for a user.
    guarantee: (scope) => ({ endsBy: 'revoke', survives: survivesOf(scope, server.seen()) }),
    disconnect: async () => {
      await Promise.resolve(server.close());
    },
  };
};

export const redis = defineProvider<Config, Scope, Handle>({
  id: 'redis',
  title: 'Redis and Valkey',
  config: configSchema,
  configWarnings,
  scope: scopeSchema,
  handle: handleSchema,
  prepare,
  connect,
});
