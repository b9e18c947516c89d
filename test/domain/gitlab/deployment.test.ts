/** Which client a deployment is: whatever of it can be seen before its job runs is compared, however the policy writes it. */
import { expect, test } from 'vitest';
import { deploymentMismatch } from '../../../src/domain/gitlab/deployment.ts';
import type { Deployment } from '../../../src/domain/gitlab/deployment.ts';
import type { ClientEntry } from '../../../src/domain/clients/client.ts';
import type { Issuer } from '../../../src/domain/clients/issuer.ts';
import { entry } from '../../http/auth/token-rig.ts';

const issuer: Issuer = { name: 'lab', kind: 'gitlab', url: 'https://gitlab.com', keysFile: null };
const project = { id: '77', path: 'acme/shop', page: 'https://gitlab.com/acme/shop' };
const deployment = { environment: 'production', ref: 'refs/heads/attack', pipelineSource: 'push' } as Deployment;

const failing = (client: Partial<ClientEntry>): string | null =>
  deploymentMismatch({ issuer, project, deployment }, entry('api', { issuer: 'lab', ...client }))?.claim ?? null;

test.each<[Partial<ClientEntry>, string | null]>([
  [{ refs: ['refs/heads/main'] }, 'ref_path'],
  [{ claims: { ref_path: 'refs/heads/main' } }, 'ref_path'],
  [{ refs: ['refs/heads/main'], claims: { ref_path: 'refs/heads/attack' } }, 'ref_path'],
  [{ claims: { environment: 'staging' } }, 'environment'],
  [{ claims: { ref_path: 'refs/heads/attack', ref_protected: 'true' } }, null],
])('%j: %s', (client, claim) => expect(failing(client)).toBe(claim));
