/** Assignments of permission sets in IAM Identity Center, to the person's own user. */
import { defineMembership, type Place, type Roster } from '../kit/membership.ts';
import { ProviderError, type Finding, type Manual } from '../provider.ts';
import { assign, isAssigned, placeFor, unassign, type Center } from './center-assignments.ts';
import { anyUserOf, lookupSchema, userOf } from './center-people.ts';
import { findingOf, instanceFindings, setFindings, survivesOf, type SeenSets } from './center-sets.ts';
import { openClient } from './client.ts';
import { centerConfig, centerScope, instanceOf, isOfInstance, type CenterConfig, type CenterScope } from './config.ts';
import { prepareCenter } from './center-prepare.ts';

/** AWS takes some 20 calls a second for all of Identity Center, and few changes at once. */
const AT_ONCE = 4;
/** Its lists are of several copies. */
const READ_BACK = { times: 3, everyMs: 400, withinMs: 5_000 };

const preflight = async (
  at: Center,
  { scopes, seen, signal }: { scopes: Record<string, CenterScope>; seen: SeenSets; signal: AbortSignal },
): Promise<Finding[]> => {
  const found: Finding[] = [];
  const look = async (work: () => Promise<Finding[]>): Promise<void> => {
    try {
      found.push(...(await work()));
    } catch (failure) {
      found.push(findingOf(failure));
    }
  };
  await look(async () => await instanceFindings(at, signal));
  const { identity_store_id: IdentityStoreId } = at.config;
  const people = { IdentityStoreId, MaxResults: 1 };
  await look(async () => {
    const doing = 'list people of the identity store';
    await at.client.json({ service: 'identitystore', action: 'ListUsers', body: people, doing }, signal);
    return [];
  });
  // What fails for the instance fails for each permission set alike.
  if (found.length > 0) return found;
  for (const [role, scope] of Object.entries(scopes)) {
    await look(async () => await setFindings({ center: at, seen, signal }, role, scope));
    if (!isOfInstance(at.config, scope)) continue;
    await look(async () => {
      await isAssigned(at, placeFor(scope, ''), signal);
      return [];
    });
  }
  return found;
};

const rosterOf = (config: CenterConfig): Roster<CenterScope> => {
  const client = openClient(config);
  const at = { client, config };
  const seen: SeenSets = new Map();
  return {
    locate: async (scope, named, signal) => {
      if (!isOfInstance(config, scope))
        throw new ProviderError(
          'misconfigured',
          'The permission set is of another instance than instance_arn of the target.',
          {
            isUntouched: true,
          },
        );
      const { UserId: id, UserName: name } = await userOf(client, config, { named, signal });
      return { place: placeFor(scope, id), account: `${name} (${id})` };
    },
    trace: async (scope, named, signal) => {
      const user = await anyUserOf(client, config, { named, signal });
      return user && placeFor(scope, user.UserId);
    },
    stateOf: async (place, signal) => ((await isAssigned(at, place, signal)) ? 'in' : 'out'),
    add: async (place, signal) => await assign(at, place, signal),
    remove: async (place, signal) => await unassign(at, place, signal),
    preflight: async (scopes, signal) => await preflight(at, { scopes, seen, signal }),
    survives: (scope) => survivesOf(seen, scope),
    close: async () => await client.close(),
  };
};

const manual = (scope: CenterScope, place?: Place): Manual => {
  const { permission_set_arn: set, account_id: account } = scope;
  return {
    name: `the permission set ${set} of ${place ? `the user ${place.member}` : 'the person'} in the account ${account}`,
    enforcedBy: null,
    statements: [
      `aws sso-admin delete-account-assignment --instance-arn ${instanceOf(scope)} --permission-set-arn ${set} --target-type AWS_ACCOUNT --target-id ${account} --principal-type USER --principal-id ${place?.member ?? 'ID-OF-THE-USER'}`,
    ],
  };
};

export const center = defineMembership<CenterConfig, CenterScope>({
  id: 'aws',
  title: 'AWS',
  config: centerConfig,
  scope: centerScope,
  identity: {
    lookup: lookupSchema,
    nameProblem: (name) => (/^[^\s]{1,128}$/.test(name) ? null : 'is no user name of Identity Center'),
  },
  width: AT_ONCE,
  readBack: READ_BACK,
  open: rosterOf,
  survives: (scope) => survivesOf(new Map(), scope),
  manual,
  prepare: prepareCenter,
});
