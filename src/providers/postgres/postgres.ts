/** Temporary logins in a Postgres server: made at the start of a grant, closed, cut and dropped at its end. */
import { defineProvider, type Connection, type Ours } from '../provider.ts';
import {
  configSchema,
  groupOf,
  handleSchema,
  scopeSchema,
  settingsOf,
  type Config,
  type Handle,
  type Scope,
} from './config.ts';
import { extend, grant } from './grant.ts';
import { LIKE_OURS, readMark } from './login-name.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { isPresent, revokeAll, type ToRevoke } from './revoke.ts';
import { openServer, type Server } from './server.ts';

type Found = { oid: number; role: string; comment: string | null; expiresAt: Date | null };

/** An endless or closed login has no deadline; pg reads those as infinite numbers, not as dates. */
const LIST = `
  select oid, rolname as role, shobj_description(oid, 'pg_authid') as comment, case when isfinite(rolvaliduntil) then rolvaliduntil end as "expiresAt"
  from pg_roles where rolname like $1`;

const listOurs = async (server: Server, signal: AbortSignal): Promise<Ours<Handle>[]> =>
  (await server.query<Found>(signal, { text: LIST, values: [LIKE_OURS] })).flatMap(
    ({ oid, role, comment, expiresAt }) => {
      const mark = readMark(comment);
      if (mark?.database !== server.settings.database || !role.startsWith(`lk_${mark.grantId}_`)) return [];
      return [{ grantId: mark.grantId, handle: { role, oid }, expiresAt }];
    },
  );

const toRevoke = (grantId: string, scope: Scope, handle: Handle | undefined): ToRevoke => ({
  grantId,
  oid: handle?.oid ?? null,
  group: groupOf(scope),
});

const connect = (config: Config): Connection<Scope, Handle> => {
  const server = openServer(settingsOf(config));
  return {
    grant: async (scope, ctx) => await grant(server, scope, ctx),
    revoke: async (scope, handle, ctx) => {
      const [outcome] = await revokeAll(server, [toRevoke(ctx.grantId, scope, handle)], ctx.signal);
      return outcome ?? 'already_absent';
    },
    check: async (_scope, handle, ctx) =>
      (await isPresent(server, { grantId: ctx.grantId, oid: handle?.oid ?? null }, ctx.signal)) ? 'present' : 'absent',
    extend: async (_scope, handle, ctx) => await extend(server, handle, ctx),
    revokeMany: async (items, ctx) =>
      await revokeAll(
        server,
        items.map(({ grantId, scope, handle }) => toRevoke(grantId, scope, handle)),
        ctx.signal,
      ),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    manual,
    preflight: async (scopes, ctx) => await preflight(server, scopes, ctx.signal),
    close: async () => await server.close(),
  };
};

export const postgres = defineProvider<Config, Scope, Handle>({
  id: 'postgres',
  title: 'Postgres',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  endsBy: 'both',
  connect,
});
