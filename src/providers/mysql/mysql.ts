/** Temporary logins in a MySQL or MariaDB server: made at the start of a grant, locked, cut and dropped at its end. */
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
import { isRecorded } from './log-access.ts';
import { recorded } from './log-reader.ts';
import type { Wanted } from './logins.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { closeAll, isPresent, revokeAll } from './revoke.ts';
import { openServer } from './server.ts';
import { activity } from './sessions.ts';

type Of = { grantId: string; handle: Handle | undefined };

const wantedOf = ({ grantId, handle }: Of): Wanted => ({ grantId, user: handle?.user ?? null });

/** Neither server reports whose a prepared transaction is, and anybody with a session may prepare one. */
const SURVIVES =
  'A transaction that was prepared with XA PREPARE stays, with its row locks, until an administrator rolls it back (XA RECOVER).';

const connect = (config: Config): Connected<Scope, Handle> => {
  const server = openServer(settingsOf(config));
  return {
    grant: async (scope, ctx) => await grant(server, scope, ctx),
    check: async (_scope, handle, ctx) =>
      (await isPresent(server, wantedOf({ grantId: ctx.grantId, handle }), ctx.signal)) ? 'present' : 'absent',
    extend: async (scope, handle, ctx) => await extend(server, { scope, handle }, ctx),
    closeMany: async (items, ctx) => await closeAll(server, items.map(wantedOf), ctx),
    revokeMany: async (items, ctx) => await revokeAll(server, items.map(wantedOf), ctx),
    isRecorded: (scope) => isRecorded([scope]),
    recorded: async (items, ctx) => await recorded(server, items, ctx.signal),
    terms: (scope) => (isRecorded([scope]) ? ['Statements are recorded.'] : []),
    activity: async (ctx) => await activity(server, ctx.signal),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    listLookalikes: async (_scopes, ctx) => await listLookalikes(server, ctx.signal),
    differences,
    restore: async (scope, ctx) => await restore(server, scope, ctx),
    manual: (_scope, handle, ctx) => manual(handle, ctx, server.areEventsRun()),
    preflight: async (scopes, ctx) => await preflight(server, scopes, ctx.signal),
    guarantee: () => ({ endsBy: server.areEventsRun() === false ? 'revoke' : 'both', survives: SURVIVES }),
    disconnect: async () => await server.close(),
  };
};

export const mysql = defineProvider<Config, Scope, Handle>({
  id: 'mysql',
  title: 'MySQL and MariaDB',
  config: configSchema,
  configWarnings,
  scope: scopeSchema,
  handle: handleSchema,
  prepare,
  connect,
});
