/** Requests of a client for a window and for an alert, in each state that a person may read of them. */
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { ClientJob } from '../../src/domain/principals/client.ts';
import type { RequestingClient } from '../../src/domain/principals/requester.ts';
import type { AlertOrigin, RequestOrigin, WindowOrigin } from '../../src/domain/requests/origin.ts';
import { grantOf, NOW, personOf, requestOf, viewWith } from './some-view.ts';

const job: ClientJob = {
  key: 'w',
  repository: 'acme/api',
  repositoryId: '456789',
  ref: 'refs/heads/main',
  environment: 'production',
  workflow: 'deploy.yml',
  event: 'push',
  run: '',
  attempt: 0,
  sha: 'f00dfacef00dface',
  actor: 'octocat',
  actorId: '7',
  subject: '',
  runUrl: 'https://github.com/acme/api/actions/runs/4711',
};
const client: RequestingClient = {
  kind: 'client',
  id: 'client:nightly',
  name: 'nightly',
  issuer: 'github',
  issuerKind: 'github',
  binding: 'repository acme/api (456789)',
  channel: null,
  job,
  startedBy: [],
};
const forWindow: WindowOrigin = {
  kind: 'window',
  id: 'w',
  isClaimed: false,
  window: 'night',
  from: new Date(NOW.getTime() + 8 * 3_600_000).toISOString(),
  to: new Date(NOW.getTime() + 12 * 3_600_000).toISOString(),
};
const forAlert: AlertOrigin = {
  kind: 'alert',
  id: 'w',
  isClaimed: false,
  alert: 'orders-db-down',
  title: 'The orders database does not answer',
  url: 'https://prometheus.acme.test/graph',
  startedBy: 'Sam Ott',
};

const viewOf = (origin: RequestOrigin, grant: Grant | null): RequestView => {
  const isTaken = origin.isClaimed;
  const shown = { ...job, ...(isTaken && { run: '4712', attempt: 1 }) };
  const state = grant === null ? 'pending' : 'approved';
  return {
    ...viewWith(requestOf({ state, origin, job: shown, requesterId: client.id }), {
      ...(grant && { grant, decidedBy: personOf('U0OLGA', 'olga') }),
    }),
    requester: { ...client, job: shown, origin },
  };
};

const statesOf = (what: string, origin: RequestOrigin): [string, RequestView][] => [
  [`${what}, pending`, viewOf(origin, null)],
  [`${what}, waits for a job`, viewOf(origin, grantOf('activating'))],
  [`${what}, active`, viewOf({ ...origin, isClaimed: true }, grantOf('active'))],
  [`${what}, ended`, viewOf({ ...origin, isClaimed: true }, grantOf('removed', { endCause: 'done' }))],
];

export const clientViews: [string, RequestView][] = [
  ...statesOf('for a window', forWindow),
  [
    'for a window, passed',
    viewOf(
      forWindow,
      grantOf('removed', { endCause: 'window_passed', activatedAt: null, endOutcome: 'already_absent' }),
    ),
  ],
  ...statesOf('for an alert', forAlert),
];
