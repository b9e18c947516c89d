/** Temporary accounts on hosts, entered with certificates: made at the start of a grant, locked, cut and removed at its end. */
import { defineProvider } from '../define-provider.ts';
import type { Connected } from '../provider.ts';
import { configSchema, handleSchema, scopeSchema, settingsOf, type Config, type Handle, type Scope } from './config.ts';
import { differences, listLookalikes, listOurs, restore, survivesOf } from './drift.ts';
import { extend, grant } from './grant.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { activity, isPresent, revokeAll, type Wanted } from './revoke.ts';
import { issue } from './secret.ts';
import { openServer } from './server.ts';

const wanted = (grantId: string, handle: Handle | undefined): Wanted => ({ grantId, user: handle?.user ?? null });

const connect = (config: Config): Connected<Scope, Handle> => {
  const server = openServer(settingsOf(config));
  return {
    grant: async (scope, ctx) => await grant(server, scope, ctx),
    issue: (scope, handle, ctx) => issue(server.settings, { scope, handle, publicKey: ctx.publicKey }, ctx),
    check: async (_scope, handle, ctx) =>
      (await isPresent(server, wanted(ctx.grantId, handle), ctx.signal)) ? 'present' : 'absent',
    extend: async (_scope, handle, ctx) => await extend(server, handle, ctx),
    revokeMany: async (items, ctx) =>
      await revokeAll(
        server,
        items.map(({ grantId, handle }) => wanted(grantId, handle)),
        ctx,
      ),
    activity: async (ctx) => await activity(server, ctx.signal),
    listOurs: async (ctx) => await listOurs(server, ctx.signal),
    listLookalikes: async (_scopes, ctx) => await listLookalikes(server, ctx.signal),
    differences: (scope, ours, expiresAt) => differences(scope, ours, expiresAt),
    restore: async (scope, ctx) => await restore(server, scope, ctx),
    manual: (_scope, handle, ctx) => manual(handle, ctx),
    preflight: async (scopes, ctx) => await preflight(server, scopes, ctx.signal),
    // sshd refuses after the deadline, and the helper on the host cuts what is open.
    guarantee: (scope) => ({ endsBy: 'both', survives: survivesOf(scope) }),
    disconnect: async () => {
      await Promise.resolve(server.close());
    },
  };
};

export const ssh = defineProvider<Config, Scope, Handle>({
  id: 'ssh',
  title: 'SSH',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  prepare,
  connect,
});
