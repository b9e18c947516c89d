/** The live grants of a caller: of a client those of this very job. */
import type { Deps } from '../deps.ts';
import { isOwnRequest } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';

export const ownGrants = async ({ store }: Pick<Deps, 'store'>, caller: Caller): Promise<string[]> => {
  const ids = await store.read.findGrantIds('', caller.kind === 'person' ? caller.person.id : caller.client.id);
  const grants = await Promise.all(ids.map((id) => store.read.grant(id)));
  const own = await Promise.all(
    grants.map(async (grant) => {
      const request = grant && (await store.read.request(grant.requestId));
      return grant && request && isOwnRequest(caller, request) ? grant.id : null;
    }),
  );
  return own.filter((id) => id !== null);
};
