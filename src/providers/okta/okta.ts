/** Membership of one group of an Okta organization, of the person's own account. */
import { defineMembership } from '../kit/membership.ts';
import type { Place } from '../kit/membership.ts';
import type { Manual, Preparation } from '../provider.ts';
import { SCOPES } from './client.ts';
import { configSchema, lookupSchema, scopeSchema, type Config, type Scope } from './config.ts';
import { openRoster } from './roster.ts';

const SURVIVES =
  'Sessions in apps go on until the app ends them, and tokens until they expire. Okta takes accounts in apps away with its next push.';

const manual = ({ group }: Scope, place: Place | undefined): Manual => {
  const who = place ? `the account with the ID ${place.member}` : 'the account';
  const list = place?.list ?? group;
  return {
    name: `${who} in the group ${list}`,
    enforcedBy: null,
    statements: [`In the Admin Console of Okta, Directory, Groups: remove ${who} from the group with the ID ${list}.`],
  };
};

const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const groups = [...new Set(Object.values(scopes).map(({ group }) => group))];
  return {
    text: `# As a super administrator of ${config?.url ?? 'the organization'}, in the Admin Console of Okta:
# 1. Applications, Create App Integration, API Services. It is Latchkey's own.
# 2. Client authentication: Public key / Private key. Add the public key; the private one stays where Latchkey starts.
# 3. Switch off "Require Demonstrating Proof of Possession (DPoP) header in token requests".
# 4. Okta API Scopes, grant these and no others: ${SCOPES.join(', ')}
# 5. Admin roles, assign both:
#      Group Membership Administrator, limited to these groups:
${groups.map((group) => `#        ${group}`).join('\n')}
#      Read-Only Administrator: it shows people, and the rules that fill groups.
`,
    version: null,
    notes: ['Okta has no command for this: the text says what to click.'],
  };
};

const BROAD =
  'An API token has every right of the administrator who made it, and ends when that account is deactivated. Use oauth: a service app has two scopes and its own roles.';

export const okta = defineMembership({
  id: 'okta',
  title: 'Okta',
  config: configSchema,
  scope: scopeSchema,
  identity: {
    lookup: lookupSchema,
    nameProblem: (name) => (/^[^\s/\\]{1,100}$/.test(name) ? null : 'is no login of Okta'),
  },
  configWarnings: ({ token }) => (token === undefined ? [] : [{ path: 'token', message: BROAD }]),
  // Its limits count calls at once, too.
  width: 4,
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
