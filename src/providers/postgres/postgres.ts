/** Temporary logins in a Postgres server: made at the start of a grant, closed, cut and dropped at its end. */
import { defineProvider } from '../define-provider.ts';
import type { Connection } from '../provider.ts';
import {
  configSchema,
  configWarnings,
  groupOf,
  handleSchema,
  scopeSchema,
  settingsOf,
  type Config,
  type Handle,
  type Scope,
} from './config.ts';
import { activity } from './activity.ts';
import { extend, grant } from './grant.ts';
import { differences, listLookalikes, listOurs, restore } from './drift.ts';
import { createUndo } from './left-behind.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { isPresent, revokeAll, type ToRevoke } from './revoke.ts';
import { openServer } from './server.ts';

const toRevoke = (grantId: string, scope: Scope, handle: Handle | undefined): ToRevoke => ({
  grantId,
  oid: handle?.oid ?? null,
  group: groupOf(scope),
  groups: scope.member_of,
  settings: handle?.settings ?? null,
});

const connect = (config: Config): Connection<Scope, Handle> => {
  const server = openServer(settingsOf(config));
  const target = { server, undo: createUndo(server) };
  return {
    grant: async (scope, ctx) => await grant(server, scope, ctx),
    revoke: async (scope, handle, ctx) => {
      const [outcome] = await revokeAll(target, [toRevoke(ctx.grantId, scope, handle)], ctx);
      return outcome ?? 'already_absent';
    },
    check: async (_scope, handle, ctx) =>
      (await isPresent(server, { grantId: ctx.grantId, oid: handle?.oid ?? null }, ctx.signal)) ? 'present' : 'absent',
    extend: async (scope, handle, ctx) => await extend(server, { scope, handle }, ctx),
    revokeMany: async (items, ctx) =>
      await revokeAll(
        target,
        items.map(({ grantId, scope, handle }) => toRevoke(grantId, scope, handle)),
        ctx,
      ),
    activity: async (ctx) => await activity(server, ctx.signal),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    listLookalikes: async (scopes, ctx) => await listLookalikes(server, scopes, ctx.signal),
    differences,
    restore: async (scope, ctx) => await restore(server, scope, ctx),
    manual,
    preflight: async (scopes, ctx) => await preflight(server, scopes, ctx.signal),
    guarantee: () => ({ endsBy: 'both', survives: null }),
    close: async () => await server.close(),
  };
};

export const postgres = defineProvider<Config, Scope, Handle>({
  id: 'postgres',
  title: 'Postgres',
  config: configSchema,
  configWarnings,
  scope: scopeSchema,
  handle: handleSchema,
  prepare,
  connect,
});
