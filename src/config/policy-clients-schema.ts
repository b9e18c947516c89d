/** The shape of `issuers`, `clients` and `accounts` in `latchkey.yml`. */
import { z } from 'zod';
import { ISSUER_KINDS } from '../domain/principals/client.ts';
import { channel, name, person, someOf, text } from './policy-words.ts';

const claimName = text(200, 'the name of a claim');
const id = text(100, 'an id as text, in quotes');

const named = (what: string) =>
  z.strictObject(
    { id: id.optional(), name: text(300, `the name of the ${what}`).optional() },
    `must be as { id: "456789", name: acme/api }`,
  );

export const issuers = z.record(
  name,
  z.strictObject(
    {
      kind: z.enum(ISSUER_KINDS, `must be one of ${ISSUER_KINDS.join(', ')}`),
      url: text(255, 'the address of the issuer').optional(),
      host: text(200, 'the name of a host').optional(),
      enterprise: text(100, 'the slug of an enterprise').optional(),
      keys: text(500, 'a file with its keys, as file:/etc/latchkey/jwks.json').optional(),
    },
    'must be an issuer, as { kind: github }',
  ),
  'must hold issuers by name, as github: { kind: github }',
);

const client = z.strictObject(
  {
    issuer: name,
    audience: text(255, 'the audience of its tokens').optional(),
    repository: named('repository').optional(),
    project: named('project').optional(),
    organization: named('organization').optional(),
    pipeline: named('pipeline').optional(),
    service_account: z
      .strictObject(
        { namespace: text(63, 'a namespace'), name: text(253, 'the name of a service account') },
        'must be as { namespace: ops, name: nightly }',
      )
      .optional(),
    workflow: text(500, 'a workflow as owner/repository/.github/workflows/file.yml@refs/heads/main').optional(),
    environment: text(255, 'the name of an environment').optional(),
    refs: someOf(
      text(300, 'a full ref').regex(/^refs\/\S+$/, 'must be a full ref such as refs/heads/main or refs/tags/v*'),
      'refs, as ["refs/heads/main"]',
      50,
    ).optional(),
    events: someOf(text(60, 'an event'), 'events, as [push]', 50).optional(),
    runners: z.enum(['github-hosted', 'self-hosted'], 'must be github-hosted or self-hosted').optional(),
    claims: z
      .record(
        claimName,
        z.union(
          [text(500, 'the value of a claim'), z.number('must be a number'), z.boolean('must be true or false')],
          'must be text, a number, true or false',
        ),
        'must hold claims by name, as { sub: "pipeline:nightly" }',
      )
      .optional(),
    unsafe: z.literal(true, 'must be true, or left out').optional(),
    channel: channel.optional(),
  },
  'must be a client, as { issuer: github, repository: { id: "456789", name: acme/api }, environment: production }',
);

export const clients = z.record(name, client, 'must hold clients by name');

export const accounts = z.record(
  name,
  z.record(id, person, 'must hold people by the id of their account, as { "1001": dana@acme.test }'),
  'must hold accounts by issuer, as github: { "1001": dana@acme.test }',
);
