/** Temporary logins in a Postgres server: made at the start of a grant, closed, cut and dropped at its end. */
import { defineProvider } from '../define-provider.ts';
import type { Connected, Item } from '../provider.ts';
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
import { closeAll, isPresent, revokeAll, type ToRevoke } from './revoke.ts';
import { recorded } from './log-reader.ts';
import { termsOf } from './login-settings.ts';
import { openServer } from './server.ts';
import { databases } from './targets.ts';
import { openStandbys, standbyFindings } from './standbys.ts';

const toRevoke = ({ grantId, scope, handle }: Item<Scope, Handle>): ToRevoke => ({
  grantId,
  oid: handle?.oid ?? null,
  group: groupOf(scope),
  groups: scope.member_of,
  settings: handle?.settings ?? null,
});

const connect = (config: Config): Connected<Scope, Handle> => {
  const settings = settingsOf(config);
  const server = openServer(settings);
  const standbys = openStandbys(settings.replicas);
  const target = { server, standbys, undo: createUndo(server) };
  return {
    grant: async (scope, ctx) => await grant({ server, standbys }, scope, ctx),
    check: async (_scope, handle, ctx) =>
      (await isPresent(target, { grantId: ctx.grantId, oid: handle?.oid ?? null }, ctx.signal)) ? 'present' : 'absent',
    extend: async (scope, handle, ctx) => await extend(server, { scope, handle }, ctx),
    closeMany: async (items, ctx) => await closeAll(target, items.map(toRevoke), ctx),
    revokeMany: async (items, ctx) => await revokeAll(target, items.map(toRevoke), ctx),
    isRecorded: (scope) => scope.record === 'statements',
    recorded: async (items, ctx) => await recorded([server, ...standbys], items, ctx.signal),
    terms: termsOf,
    activity: async (ctx) => await activity([server, ...standbys], ctx.signal),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    listLookalikes: async (scopes, ctx) => await listLookalikes(server, scopes, ctx.signal),
    differences,
    restore: async (scope, ctx) => await restore(server, scope, ctx),
    manual,
    preflight: async (scopes, ctx) => [
      ...(await preflight(server, scopes, ctx.signal)),
      ...(await standbyFindings(standbys, ctx.signal)),
    ],
    guarantee: () => ({ endsBy: 'both', survives: null }),
    disconnect: async () => {
      await Promise.all([server, ...standbys].map(async (each) => await each.close()));
    },
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
  targets: databases,
  connect,
});
