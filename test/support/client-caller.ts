/** A job of a client as its door establishes it, of the repository acme/api on GitHub. */
import { callerFromSession } from '../../src/application/identity/caller.ts';
import type { ClientCaller } from '../../src/application/identity/caller.ts';
import { clientIdOf } from '../../src/domain/principals/client.ts';
import type { ClientJob } from '../../src/domain/principals/client.ts';

/** The sections of a policy that know this client. */
export const CLIENT_SECTIONS = `issuers: { github: { kind: github } }
clients:
  api-deploy: { issuer: github, audience: latchkey, repository: { id: "456789", name: acme/api }, environment: production, refs: ["refs/heads/*"] }
`;

const JOB: ClientJob = {
  key: '456789/4711/1/migrate',
  repository: 'acme/api',
  repositoryId: '456789',
  ref: 'refs/heads/main',
  environment: 'production',
  workflow: 'deploy.yml',
  event: 'push',
  run: '4711',
  attempt: 1,
  sha: 'f00dfacef00dfacef00dfacef00dfacef00dface',
  actor: 'octo<cat>',
  actorId: '1001',
  subject: 'repo:acme/api:environment:production',
  runUrl: 'https://github.com/acme/api/actions/runs/4711',
};

export const jobCaller = (
  job: Partial<ClientJob> = {},
  startedBy: string[] = [],
  channel: string | null = null,
): ClientCaller =>
  callerFromSession({
    client: {
      kind: 'client',
      id: clientIdOf('api-deploy'),
      name: 'api-deploy',
      issuer: 'github',
      issuerKind: 'github',
      binding: 'repository acme/api (456789)',
      channel,
    },
    job: { ...JOB, ...job },
    startedBy,
  });
