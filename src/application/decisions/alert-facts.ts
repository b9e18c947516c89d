/** What rules may believe of the alert of a request: it fires, this role was mapped to it, and the requester is on call for it now. */
import { usesAlerts, mappingNamed } from '../../domain/alerts/mapping.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import type { AlertMapping, Policy } from '../../domain/policy/types.ts';
import type { AlertFacts } from '../../domain/policy/decision-facts.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import { mayBy } from '../identity/named-among.ts';
import type { Freshness } from '../identity/directory.ts';
import type { Deps } from '../deps.ts';

/** What of an alert a decision may hang on; its texts are the source's own. */
export type EvaluatedAlert = Pick<Alert, 'mapping' | 'state' | 'source' | 'severity'>;

type RequestedRole = { target: string; role: string; freshness: Freshness };

type Meant = { mapping: AlertMapping; requester: Requester; freshness: Freshness };

/** A client is on call for nothing: the alert's entry names the one that it is for, and only what was requested because of it counts. */
const isMeant = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { mapping, requester, freshness }: Meant,
): Promise<'yes' | 'no' | 'unknown'> => {
  if (requester.kind === 'client')
    return requester.origin?.kind === 'alert' && requester.name === mapping.client ? 'yes' : 'no';
  if (mapping.client !== null) return 'no';
  return mayBy(deps, { policy, person: requester, freshness, refs: [mapping.to] });
};

/** null where it says nothing for this person: then the request is one like any other. */
export const factsOfAlert = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { alert, requester, ...wanted }: RequestedRole & { alert: EvaluatedAlert | null; requester: Requester },
): Promise<AlertFacts | null> => {
  const mapping = alert?.state === 'firing' ? mappingNamed(policy, alert.mapping) : null;
  if (!mapping || mapping.target !== wanted.target || mapping.role !== wanted.role) return null;
  // Where no rule looks at alerts, nobody needs to be looked up.
  if (!alert || !usesAlerts(policy)) return null;
  const found = await isMeant(deps, policy, { mapping, requester, freshness: wanted.freshness });
  if (found === 'no') return null;
  const { source, severity } = alert;
  return { name: mapping.name, source, severity: severity ?? '', isUnknown: found === 'unknown' };
};

/** The alert a stored request was made for; not looked up where no rule could care. */
export const tiedAlert = async (
  deps: Pick<Deps, 'store'>,
  policy: Policy,
  { id }: Pick<Request, 'id'>,
): Promise<Alert | null> => (usesAlerts(policy) ? deps.store.read.alertOfRequest(id) : null);
