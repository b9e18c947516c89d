/** What is tied to an incident, by where it stands. */
import { isKept } from '../../domain/grants/ending.ts';
import type { IncidentView } from '../incidents/incident-types.ts';
import type { RequestView } from '../record/request-view.ts';

const isLive = ({ grant }: RequestView): boolean =>
  grant !== null && (grant.state === 'activating' || grant.state === 'active' || grant.state === 'ending');

export const liveOf = ({ requests }: IncidentView): RequestView[] => requests.filter(isLive);
export const waitingOf = ({ requests }: IncidentView): RequestView[] =>
  requests.filter(({ request }) => request.state === 'pending');
export const overOf = ({ requests }: IncidentView): RequestView[] =>
  requests.filter((view) => !isLive(view) && view.request.state !== 'pending');

/** What is still to end because the incident was closed; nothing where the policy lets it run on. */
export const endingOf = (view: IncidentView): RequestView[] =>
  view.incident.endsAt === null
    ? []
    : liveOf(view).filter(({ grant }) => grant !== null && !isKept(grant, view.incident));
