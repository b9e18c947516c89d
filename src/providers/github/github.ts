/** Membership of a team of a GitHub organization, or a repository of it by the person's own name. */
import { defineMembership } from '../kit/membership.ts';
import type { Preparation, Manual } from '../provider.ts';
import type { Place } from '../kit/membership.ts';
import { configSchema, scopeSchema, type Config, type Scope } from './config.ts';
import { openRoster } from './roster.ts';

const SURVIVES =
  'Clones, forks and downloads stay, and workflow runs that have started go on. Tokens and SSH keys of the person lose this access at once.';

const manual = (scope: Scope, place: Place | undefined): Manual => {
  const who = place ? `the account with the id ${place.member}` : 'the account';
  const what = 'team' in scope ? `the team ${scope.team}` : `the collaborators of ${scope.repository}`;
  return { name: `${who} in ${what}`, enforcedBy: null, statements: [`On GitHub: take ${who} out of ${what}.`] };
};

const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const needs = Object.values(scopes);
  const rights = [
    needs.some((scope) => 'team' in scope) ? 'Organization, Members: read and write' : 'Organization, Members: read',
    ...(needs.some((scope) => 'repository' in scope) ? ['Repository, Administration: read and write'] : []),
  ];
  return {
    text: `# As an owner of ${config?.organization ?? 'the organization'} on GitHub:
# 1. Settings, Developer settings, GitHub Apps, New GitHub App. No webhook. Permissions, and no others:
${rights.map((right) => `#      ${right}`).join('\n')}
# 2. Generate a private key, and set it where Latchkey starts.
# 3. Install App. The number at the end of the address of the installation is app.installation.
`,
    version: null,
    notes: ['GitHub has no command for this: the text says what to click.'],
  };
};

export const github = defineMembership({
  id: 'github',
  title: 'GitHub',
  config: configSchema,
  scope: scopeSchema,
  identity: {
    nameProblem: (name) =>
      /^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?=[A-Za-z0-9]+$)){0,62}$/.test(name) ? null : 'is no login of GitHub',
  },
  // Its secondary limits are for those who ask much at once.
  width: 4,
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
