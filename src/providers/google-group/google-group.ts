/** Membership of one Google group, of the person's own account, by the Cloud Identity Groups API. */
import { defineMembership } from '../kit/membership.ts';
import type { Place } from '../kit/membership.ts';
import type { Manual, Preparation } from '../provider.ts';
import { configSchema, isName, scopeSchema, type Config, type Scope } from './config.ts';
import { openRoster } from './roster.ts';

const SURVIVES =
  'Google Cloud forgets a membership within minutes, sometimes hours, and tokens and sessions that are open go on until then or until they expire.';

const manual = ({ group }: Scope, place: Place | undefined): Manual => {
  const member = place?.member ?? '<address of the account>';
  return {
    name: `${member} in the group ${group}`,
    enforcedBy: null,
    statements: [`gcloud identity groups memberships delete --group-email='${group}' --member-email='${member}'`],
  };
};

const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const groups = [...new Set(Object.values(scopes).map(({ group }) => group))];
  const account = config?.service_account.email ?? '<name>@<project>.iam.gserviceaccount.com';
  return {
    text: `#!/bin/sh
# As an owner of the groups, with gcloud. May be run more than once.
set -eu
account='${account}'   # gcloud iam service-accounts create latchkey
# Once, in the project of the service account: gcloud services enable cloudidentity.googleapis.com
for group in ${groups.map((group) => `'${group}'`).join(' ')}; do
  gcloud identity groups memberships describe --group-email="$group" --member-email="$account" >/dev/null 2>&1 ||
    gcloud identity groups memberships add --group-email="$group" --member-email="$account" --roles=MEMBER,MANAGER
done
`,
    version: null,
    notes: [
      'The text holds no secret. The service account needs no role in Google Cloud, no administrator role and no domain-wide delegation: it is a manager in these groups.',
      'A group that allows no external members may refuse the service account: allow it in the settings of the group, or of the domain.',
    ],
  };
};

const BROAD =
  'With domain-wide delegation the service account acts as this administrator in every group. Leave subject out, and make the service account a manager in its groups.';

export const googleGroup = defineMembership({
  id: 'google-group',
  title: 'Google group',
  config: configSchema,
  scope: scopeSchema,
  identity: { nameProblem: (name) => (isName(name) ? null : 'is no address of a Google account') },
  configWarnings: ({ subject }) => (subject === undefined ? [] : [{ path: 'subject', message: BROAD }]),
  width: 10,
  // A change is not seen by each of its servers at once.
  readBack: { times: 3, everyMs: 300, withinMs: 12_000 },
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
