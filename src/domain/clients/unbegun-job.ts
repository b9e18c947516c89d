/** Of a client whose job has not begun: none of its parts can be taken for a run's. */
import type { ClientJob } from '../principals/client.ts';
import type { ClientEntry } from './client.ts';

export const unbegunJob = (entry: ClientEntry, key: string, runUrl: string | null = null): ClientJob => ({
  key,
  repository: entry.repository?.name ?? entry.project?.name ?? '',
  repositoryId: entry.repository?.id ?? entry.project?.id ?? '',
  ref: '',
  environment: entry.environment ?? '',
  workflow: entry.workflow ?? '',
  event: '',
  run: '',
  attempt: 0,
  sha: '',
  actor: '',
  actorId: '',
  subject: '',
  runUrl,
});
