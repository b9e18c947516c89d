/** Everything about an incident: for its messages, and for the timeline that is kept of it. */
import { likelyTargets } from '../../domain/incidents/likely-targets.ts';
import { timelineMarkdown } from '../../domain/incidents/timeline-markdown.ts';
import { timelineOf } from '../../domain/incidents/make-timeline.ts';
import type { IncidentRef, IncidentTimeline, IncidentView } from '../incidents/incident-types.ts';
import type { Deps } from '../deps.ts';

const REQUESTS_MAX = 100;
const TIMELINE_MAX = 1000;
const RECENT_MS = 90 * 86_400_000;

const idOf = async ({ store }: Pick<Deps, 'store'>, ref: IncidentRef): Promise<string | null> =>
  'id' in ref ? ref.id : ((await store.read.incidentOfChannel(ref.channelId))?.id ?? null);

type ReadDeps = Pick<Deps, 'store' | 'policy'>;

const viewOf = async (deps: ReadDeps, id: string, requestsMax: number): Promise<IncidentView | null> => {
  const { read } = deps.store;
  // The version first: what is read after it is at least as new.
  const row = await read.incidentRow(id);
  if (!row) return null;
  const [requests, recent] = await Promise.all([
    read.viewsOfIncident(id, requestsMax),
    read.targetsOfIncidents(id, RECENT_MS),
  ]);
  const { incidents, targets } = deps.policy();
  const { channelName, topic } = row.incident;
  return {
    ...row,
    requests,
    targets: incidents ? likelyTargets({ incidents, targets, channelName, topic, recent }) : [],
  };
};

export const incidentView = async (deps: ReadDeps, ref: IncidentRef): Promise<IncidentView | null> => {
  const id = await idOf(deps, ref);
  return id === null ? null : viewOf(deps, id, REQUESTS_MAX);
};

export const incidentTimeline = async (deps: ReadDeps, ref: IncidentRef): Promise<IncidentTimeline | null> => {
  const id = await idOf(deps, ref);
  const view = id === null ? null : await viewOf(deps, id, TIMELINE_MAX);
  if (id === null || !view) return null;
  const { read } = deps.store;
  const grantIds = view.requests.flatMap(({ grant }) => (grant ? [grant.id] : []));
  const [history, shownAt] = await Promise.all([read.incidentHistory(id), read.credentialsShownAt(grantIds)]);
  const timeline = timelineOf({ ...view, history, shownAt });
  return { view, timeline, json: `${JSON.stringify(timeline, null, 2)}\n`, markdown: timelineMarkdown(timeline) };
};
