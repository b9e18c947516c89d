/** The API for clients, put together: its verbs, its sessions, and the long polls. */
import type { Environment } from '../config/environment.ts';
import { heartbeat } from '../application/grants/heartbeat.ts';
import { ownGrants } from '../application/queries/own-grants.ts';
import { waitingFor } from '../application/queries/waiting-for.ts';
import type { Deps } from '../application/deps.ts';
import type { Replays } from '../application/record/replay-ports.ts';
import type { UseCases } from '../application/verbs.ts';
import { createApi } from '../http/api/v1/app.ts';
import { createWaiting } from '../http/api/v1/waiting.ts';
import { createIssuerKeys } from '../http/auth/issuer-keys.ts';
import { createSessions } from '../http/auth/session.ts';
import type { Handle } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import { createRarely } from '../lib/rarely.ts';
import { programVersion } from '../lib/version.ts';
import { createPool } from '../store/client.ts';
import { requestVersions } from '../store/request-versions.ts';

export type ApiDoor = { handle: Handle; poke(): void; release(): void; stop(): Promise<void> };

type Parts = {
  environment: Environment;
  deps: Deps;
  useCases: UseCases;
  replays: Replays;
  log: Log;
};

export const createApiDoor = ({ environment, deps, useCases, replays, log: all }: Parts): ApiDoor => {
  const log = all.child({ part: 'api' });
  const pool = createPool({ url: environment.databaseUrl, ca: environment.databaseCa, log, max: 1 });
  const rarely = createRarely();
  const waiting = createWaiting(requestVersions(pool), (error) =>
    rarely('waiting', (leftOut) =>
      log.error({ err: error, leftOut }, 'requests that are waited for could not be read'),
    ),
  );
  const verbs = {
    createRequest: useCases.createRequest,
    ownRequest: useCases.ownRequest,
    cancel: useCases.cancel,
    showCredentials: useCases.showCredentials,
    end: useCases.end,
    waitingFor: (view: Parameters<typeof waitingFor>[1]) => waitingFor(deps, view),
    heartbeat: (input: Parameters<typeof heartbeat>[1]) => heartbeat(deps, input),
    grantsOf: (caller: Parameters<typeof ownGrants>[1]) => ownGrants(deps, caller),
  };
  const auth = {
    policy: deps.policy,
    publicUrl: environment.publicUrl,
    keys: createIssuerKeys({ log }),
    sessions: createSessions(environment.secretKeys),
    replays,
    now: deps.store.read.now,
    log,
    rarely,
  };
  return {
    handle: createApi({ auth, verbs, waiting, version: programVersion(), log }),
    poke: waiting.poke,
    release: waiting.stop,
    stop: () => pool.end(),
  };
};
