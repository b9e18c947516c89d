/** What `latchkey doctor` finds out about the GitHub App: its key, its permissions and events, and whether it sees the repositories. */
import { z } from 'zod';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Examined, Finding } from '../domain/finding.ts';
import { GithubError, createAppClient, demand } from './app-client.ts';
import type { AppClient, GithubApp } from './app-client.ts';

/** `repositories`: ids that the policy names, with a name for people. */
export type Needed = { repositories: readonly { id: string; name: string }[]; gates: boolean; pullRequests: boolean };

const granted = { permissions: z.record(z.string(), z.string()).default({}), events: z.array(z.string()).default([]) };
const appAnswer = z.object({ name: z.string(), ...granted });
const installation = z.object({ id: z.int(), suspended_at: z.string().nullish(), ...granted });
const repositoriesAnswer = z.object({ repositories: z.array(z.object({ id: z.int() })) });

type Granted = { permissions: Record<string, string>; events: string[] };

const PAGE = 100;
const PAGES_MAX = 20;

const wanted = ({ gates, pullRequests }: Needed): { permissions: [string, 'read' | 'write'][]; events: string[] } => ({
  permissions: [
    ['actions', 'read'],
    ...(gates ? [['deployments', 'write'] as [string, 'write']] : []),
    ...(pullRequests
      ? ([
          ['pull_requests', 'write'],
          ['checks', 'write'],
        ] as [string, 'write'][])
      : []),
  ],
  events: [
    'workflow_job',
    'workflow_run',
    ...(gates ? ['deployment_protection_rule', 'deployment_status'] : []),
    ...(pullRequests ? ['pull_request'] : []),
  ],
});

const lacking = ({ permissions, events }: Granted, needed: Needed): { permissions: string[]; events: string[] } => {
  const want = wanted(needed);
  return {
    permissions: want.permissions
      .filter(([name, level]) => permissions[name] !== level && permissions[name] !== 'write')
      .map(([name, level]) => `${name}: ${level}`),
    events: want.events.filter((event) => !events.includes(event)),
  };
};

const grantedFindings = (found: Granted, needed: Needed): Finding[] => {
  const { permissions, events } = lacking(found, needed);
  return [
    ...(permissions.length > 0
      ? [
          errorFinding(
            'github_permissions',
            `The App lacks permissions: ${permissions.join(', ')}. Give them on its page, and accept them for each installation.`,
          ),
        ]
      : []),
    ...(events.length > 0
      ? [errorFinding('github_events', `The App does not hear of ${events.join(', ')}: subscribe to them on its page.`)]
      : []),
    ...(needed.gates && found.permissions['contents'] === undefined
      ? [
          warningFinding(
            'github_contents',
            'The App may not read contents, so the run of a tag passes a gate for that of a branch of the same name: give it Contents read on its page.',
          ),
        ]
      : []),
  ];
};

const installationsOf = async (client: AppClient): Promise<z.infer<typeof installation>[]> => {
  const answer = await client.asApp({ method: 'GET', path: `/app/installations?per_page=${PAGE}` });
  return z.array(installation).parse(demand(answer, [200], 'the installations').body);
};

const repositoriesOf = async (client: AppClient, id: number): Promise<string[]> => {
  const found: string[] = [];
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const path = `/installation/repositories?per_page=${PAGE}&page=${page}`;
    const answer = await client.withInstallation(String(id), { method: 'GET', path });
    const { repositories } = repositoriesAnswer.parse(demand(answer, [200], 'the repositories').body);
    found.push(...repositories.map((one) => String(one.id)));
    if (repositories.length < PAGE) break;
  }
  return found;
};

const installationFindings = async (client: AppClient, needed: Needed): Promise<Finding[]> => {
  const all = await installationsOf(client);
  const usable = all.filter((one) => !one.suspended_at);
  const suspended = all.length - usable.length;
  const behind = usable.filter((one) => lacking(one, needed).permissions.length > 0);
  const seen = new Set((await Promise.all(usable.map(({ id }) => repositoriesOf(client, id)))).flat());
  const unseen = needed.repositories.filter(({ id }) => !seen.has(id));
  return [
    ...(suspended > 0 ? [warningFinding('github_suspended', `${suspended} of its installations are suspended.`)] : []),
    ...(behind.length > 0
      ? [
          errorFinding(
            'github_not_accepted',
            'An installation has not accepted the permissions of the App: its owner accepts them on GitHub.',
          ),
        ]
      : []),
    ...unseen.map(({ id, name }) =>
      errorFinding(
        'github_repository',
        `The App is not installed for ${name} (${id}): add it on the page of the installation.`,
      ),
    ),
  ];
};

export const examineGithub = async (app: GithubApp, needed: Needed): Promise<Examined> => {
  try {
    const client = createAppClient(app);
    const answer = demand(await client.asApp({ method: 'GET', path: '/app' }), [200], 'the App');
    const found = appAnswer.parse(answer.body);
    const findings = [...grantedFindings(found, needed), ...(await installationFindings(client, needed))];
    return { about: `${found.name}, App ${app.appId}`, findings, clock: null };
  } catch (error) {
    if (!(error instanceof GithubError)) throw error;
    return { about: null, findings: [errorFinding('github_unreachable', error.message)], clock: null };
  }
};
