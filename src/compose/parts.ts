/** What every part of the app shares, as types: `core.ts` makes it. */
import type { Deps } from '../application/deps.ts';
import type { UseCases } from '../application/verbs.ts';
import type { PolicySource } from '../config/policy-source.ts';
import type { Metrics } from '../http/ops/metrics.ts';
import type { OpenAccess } from '../providers/connections.ts';
import type { SlackAppSettings } from '../slack/app.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import type { createPool, createStore } from '../store/client.ts';
import type { createReplays } from '../store/replays.ts';
import type { OpenGithub } from './github.ts';
import type { Nudge, OpenGitlab } from './gitlab.ts';

type Pool = ReturnType<typeof createPool>;

export type Core = {
  pool: Pool;
  store: ReturnType<typeof createStore>;
  replays: ReturnType<typeof createReplays>;
  policies: PolicySource;
  connection: SlackConnection;
  hearing: Pick<SlackAppSettings, 'facts' | 'streams'>;
  access: OpenAccess;
  metrics: Metrics;
  deps: Deps;
  github: OpenGithub | null;
  gitlab: OpenGitlab | null;
  nudge: Nudge;
  useCases: UseCases;
};
