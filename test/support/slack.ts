/** A Slack workspace for tests: the local one, listening, with a small cast unless another is given. */
import type { WorkspaceConfig } from '../../sandbox/src/slack/config.ts';
import { createWorkspace } from '../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../sandbox/src/slack/workspace.ts';

export type Slack = Workspace & {
  url: string;
  /** For `SLACK_API_URL` and `clientOptions.slackApiUrl`. */
  apiUrl: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
};

/** Ada asks, Olga owns, Rita is SRE, Oscar is on call, Sam is security, Ines reads the audit. */
export const cast: Required<Pick<WorkspaceConfig, 'users' | 'channels' | 'usergroups'>> = {
  users: [
    { id: 'U0ADA', name: 'ada', realName: 'Ada Novak', email: 'ada@acme.test' },
    { id: 'U0OLGA', name: 'olga', realName: 'Olga Berg', email: 'olga@acme.test' },
    { id: 'U0RITA', name: 'rita', realName: 'Rita Sousa', email: 'rita@acme.test' },
    { id: 'U0OSCAR', name: 'oscar', realName: 'Oscar Lind', email: 'oscar@acme.test' },
    { id: 'U0SAM', name: 'sam', realName: 'Sam Okafor', email: 'sam@acme.test', isAdmin: true },
    { id: 'U0INES', name: 'ines', realName: 'Ines Roy', email: 'ines@acme.test' },
  ],
  channels: [
    { id: 'C0GENERAL', name: 'general', members: ['ada', 'olga', 'rita', 'oscar', 'sam', 'ines'] },
    { id: 'C0ACCESS', name: 'prod-access', members: ['bot', 'ada', 'olga', 'rita', 'oscar', 'sam'] },
    { id: 'C0SECRET', name: 'security', isPrivate: true, members: ['sam'] },
  ],
  usergroups: [
    { id: 'S0SRE', handle: 'sre', members: ['rita'] },
    { id: 'S0ONCALL', handle: 'on-call', members: ['oscar'] },
  ],
};

/** Slack's three seconds are tested where they matter; elsewhere a busy machine must not look like a slow app. */
const PATIENT = { ackMs: 20_000, triggerTtlMs: 20_000 };

export const startSlack = async (config: WorkspaceConfig = {}): Promise<Slack> => {
  const workspace = createWorkspace({ ...cast, ...config, timing: { ...PATIENT, ...config.timing } });
  const { url, apiUrl } = await workspace.listen();
  const { botToken, appToken, signingSecret } = workspace.app;
  return { ...workspace, url, apiUrl, botToken, appToken, signingSecret };
};
