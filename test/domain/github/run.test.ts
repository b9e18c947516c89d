/** Which client a run is: whatever of it can be seen before its job runs is compared, however the policy writes it. */
import { expect, test } from 'vitest';
import { matchRun } from '../../../src/domain/github/run.ts';
import type { RunFacts } from '../../../src/domain/github/run.ts';
import type { ClientEntry } from '../../../src/domain/clients/client.ts';
import type { Issuer } from '../../../src/domain/clients/issuer.ts';
import { entry } from '../../http/auth/token-rig.ts';

const issuer: Issuer = {
  name: 'ci',
  kind: 'github',
  url: 'https://token.actions.githubusercontent.com',
  keysFile: null,
};
const repository = { id: '456789', fullName: 'acme/api', installation: '77' };
const run = {
  branch: 'attack',
  event: 'push',
  path: '.github/workflows/deploy.yml',
  called: [] as string[],
} as RunFacts;

const failing = (client: Partial<ClientEntry>): string | null =>
  matchRun({ issuer, repository, environment: 'production', run }, entry('api', { issuer: 'ci', ...client })).failing
    ?.claim ?? null;

test.each<[Partial<ClientEntry>, string | null]>([
  [{ refs: ['refs/heads/main'] }, 'ref'],
  [{ claims: { ref: 'refs/heads/main' } }, 'ref'],
  [{ claims: { ref: 'refs/heads/attack' } }, null],
  [{ claims: { event_name: 'workflow_dispatch' } }, 'event_name'],
  [{ claims: { actor_id: '1001' } }, null],
])('%j: %s', (client, claim) => expect(failing(client)).toBe(claim));
