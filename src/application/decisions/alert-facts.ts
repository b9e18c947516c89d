/** What rules may believe of an alert that is asked for: it fires, this role was mapped to it, and who asks is on call for it now. */
import { usesAlerts, mappingNamed } from '../../domain/alerts/mapping.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import type { AlertFacts, Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Request } from '../../domain/requests/request.ts';
import { mayBy } from '../identity/named-among.ts';
import type { Freshness } from '../identity/directory.ts';
import type { Deps } from '../deps.ts';

/** What of an alert a decision may hang on; its texts are the source's own. */
export type EvaluatedAlert = Pick<Alert, 'mapping' | 'state' | 'source' | 'severity'>;

type Asked = { target: string; role: string; freshness: Freshness };

/** null where it says nothing for this person: then the ask is one like any other. */
export const factsOfAlert = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { alert, person, ...asked }: Asked & { alert: EvaluatedAlert | null; person: Person | null },
): Promise<AlertFacts | null> => {
  const mapping = alert?.state === 'firing' ? mappingNamed(policy, alert.mapping) : null;
  if (!mapping || mapping.target !== asked.target || mapping.role !== asked.role) return null;
  // Where no rule looks at alerts, nobody needs to be looked up.
  if (!alert || !usesAlerts(policy)) return null;
  // A client is on call for nothing.
  if (person === null) return null;
  const found = await mayBy(deps, { policy, person, freshness: asked.freshness, refs: [mapping.to] });
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
