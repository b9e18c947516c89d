/** An organisation with two workspaces that share a channel, and the installation of the app as a browser does it. */
import type { WorkspaceConfig } from '../../sandbox/src/slack/config.ts';
import type { Slack } from './slack.ts';

export const LATCHKEY_URL = 'https://latchkey.acme.test';

/**
 * Ada, Rita and Sam are in the north, Olga and Oscar in the south, Ines in both. Eve is of another company and meets them in #prod-access,
 * which both workspaces share.
 */
export const ORGANISATION = {
  team: { id: 'T0NORTH', name: 'North', domain: 'north' },
  organisation: {
    ...{ id: 'E0ACME', name: 'Acme', domain: 'acme' },
    teams: [{ id: 'T0SOUTH', name: 'South', domain: 'south' }],
  },
  otherTeams: [{ id: 'T0OTHER', name: 'Other', domain: 'other' }],
  users: [
    { id: 'U0ADA', name: 'ada', realName: 'Ada Novak', email: 'ada@acme.test', teamIds: ['T0NORTH'] },
    { id: 'U0RITA', name: 'rita', realName: 'Rita Sousa', email: 'rita@acme.test', teamIds: ['T0NORTH'] },
    { id: 'U0SAM', name: 'sam', realName: 'Sam Okafor', email: 'sam@acme.test', teamIds: ['T0NORTH'], isAdmin: true },
    { id: 'U0OLGA', name: 'olga', realName: 'Olga Berg', email: 'olga@acme.test', teamIds: ['T0SOUTH'] },
    { id: 'U0OSCAR', name: 'oscar', realName: 'Oscar Lind', email: 'oscar@acme.test', teamIds: ['T0SOUTH'] },
    { id: 'U0INES', name: 'ines', realName: 'Ines Roy', email: 'ines@acme.test', teamIds: ['T0NORTH', 'T0SOUTH'] },
    { id: 'U0EVE', name: 'eve', realName: 'Eve Other', email: 'eve@other.test', teamId: 'T0OTHER' },
  ],
  channels: [
    {
      ...{ id: 'C0ACCESS', name: 'prod-access', teamIds: ['T0NORTH', 'T0SOUTH'], connectedTeamIds: ['T0OTHER'] },
      members: ['ada', 'olga', 'rita', 'sam', 'oscar', 'eve'],
    },
    { id: 'C0NORTH', name: 'team', members: ['ada', 'rita', 'sam'], teamIds: ['T0NORTH'] },
    { id: 'C0SOUTH', name: 'team', members: ['olga', 'oscar'], teamIds: ['T0SOUTH'] },
  ],
  usergroups: [
    { id: 'S0SRE', handle: 'sre', members: ['rita'], teamId: 'T0NORTH' },
    { id: 'S0SOUTH', handle: 'south', members: ['oscar'], teamId: 'T0SOUTH' },
  ],
  redirectUrls: [`${LATCHKEY_URL}/slack/oauth_redirect`],
} satisfies WorkspaceConfig;

export type InstallAs = { as: string; teamId: string | null; isCancelled?: boolean; cookie?: string };

/** As a person does it with a browser, from `/slack/install` on. `port` is where Latchkey listens. */
export const installApp = async (
  slack: Slack,
  port: number,
  { cookie, ...consent }: InstallAs,
): Promise<{ status: number; text: string; address: string }> => {
  const local = `http://127.0.0.1:${port}`;
  const started = await fetch(`${local}/slack/install`, { redirect: 'manual' });
  const given = started.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  const back = slack.consent(started.headers.get('location') ?? '', consent);
  const address = back.replace(LATCHKEY_URL, local);
  const finished = await fetch(address, { headers: { cookie: cookie ?? given }, redirect: 'manual' });
  return { status: finished.status, text: await finished.text(), address };
};
