/** The API for clients, put together: its verbs, its sessions, and the long polls. */
import type { Environment } from '../config/environment.ts';
import { heartbeat, hearJobs } from '../application/grants/heartbeat.ts';
import { requestOfJob } from '../application/requests/request-of-job.ts';
import { ownGrants } from '../application/queries/own-grants.ts';
import { waitingFor } from '../application/queries/waiting-for.ts';
import { lookUpChecks, lookUpWhoRanAgain } from './github-callers.ts';
import type { OpenGithub } from './github.ts';
import type { Deps } from '../application/deps.ts';
import type { Replays } from '../application/record/replay-ports.ts';
import type { UseCases } from '../application/verbs.ts';
import { createApi } from '../http/api/v1/app.ts';
import type { ApiVerbs } from '../http/api/v1/routes.ts';
import { createMessageLinks } from '../http/api/v1/message-links.ts';
import { createWaiting } from '../http/api/v1/waiting.ts';
import { createIssuerKeys } from '../http/auth/issuer-keys.ts';
import { createSessions } from '../http/auth/session.ts';
import type { Handle } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import { createRarely } from '../lib/rarely.ts';
import { programVersion } from '../lib/version.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { linkToMessage } from '../slack/messages/link-to-message.ts';
import { createPool } from '../store/client.ts';
import { requestVersions } from '../store/request-versions.ts';

const HEARING_MS = 5_000;

export type ApiDoor = { handle: Handle; poke(): void; release(): void; stop(): Promise<void> };

type Parts = {
  environment: Environment;
  github: OpenGithub | null;
  deps: Deps;
  useCases: UseCases;
  replays: Replays;
  connection: Pick<SlackConnection, 'notifierClient'>;
  log: Log;
};

type VerbParts = Pick<Parts, 'github' | 'deps' | 'useCases' | 'connection' | 'log'>;

const verbsOf = ({ github, deps, useCases, connection, log }: VerbParts): ApiVerbs => {
  const whoRanAgain = lookUpWhoRanAgain({ github, deps });
  const checksOf = lookUpChecks({ github, log });
  return {
    createRequest: async (input) => {
      const caller = whoRanAgain === null ? input.caller : await whoRanAgain(input.caller);
      return requestOfJob(deps, { ...input, caller: await checksOf(caller) });
    },
    ownRequest: useCases.ownRequest,
    cancel: useCases.cancel,
    showCredentials: useCases.showCredentials,
    end: useCases.end,
    waitingFor: (view) => waitingFor(deps, view),
    messageUrl: createMessageLinks({
      placeOf: (requestId) => deps.store.transaction((tx) => tx.github.messageOf(requestId)),
      linkTo: (place) => linkToMessage(connection.notifierClient, place),
    }),
    heartbeat: (input) => heartbeat(deps, input),
    grantsOf: (caller) => ownGrants(deps, caller),
  };
};

export const createApiDoor = (parts: Parts): ApiDoor => {
  const { environment, deps, replays } = parts;
  const log = parts.log.child({ part: 'api' });
  const pool = createPool({ url: environment.databaseUrl, ca: environment.databaseCa, log, max: 1 });
  const rarely = createRarely();
  const waiting = createWaiting(requestVersions(pool), (error) =>
    rarely('waiting', (leftOut) =>
      log.error({ err: error, leftOut }, 'requests that are waited for could not be read'),
    ),
  );
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
  const hearing = startLoop({
    everyMs: HEARING_MS,
    run: () => hearJobs(deps),
    onError: (error) => rarely('hearing', () => log.error({ err: error }, 'it could not be noted that jobs are heard')),
  });
  return {
    handle: createApi({ auth, verbs: verbsOf(parts), waiting, version: programVersion(), log }),
    poke: waiting.poke,
    release: waiting.stop,
    stop: async () => {
      await hearing.stop();
      await pool.end();
    },
  };
};
