/** The shape of `gates` and `pull_requests` in `latchkey.yml`. */
import { z } from 'zod';
import { duration } from './policy-values.ts';
import { name, text } from './policy-words.ts';

const role = text(130, 'target/role');

export const gates = z
  .array(
    z.strictObject(
      {
        client: name,
        environment: text(255, 'the name of an environment'),
        role: role.optional(),
        for: duration.optional(),
      },
      'must be a gate, as { client: api-deploy, environment: production, role: orders-db/migrate, for: 30m }',
    ),
    'must be a list of gates',
  )
  .max(1000, 'has more than 1000 gates');

export const pullRequests = z
  .array(
    z.strictObject(
      {
        repository: z.strictObject(
          { issuer: name, id: text(100, 'an id as text, in quotes'), name: text(300, 'owner/name').optional() },
          'must be as { issuer: github, id: "456789", name: acme/api }',
        ),
        label: text(50, 'the name of a label'),
        base: text(255, 'the name of a branch').optional(),
        role,
        for: duration.optional(),
        to: z.literal('author', 'must be author, or left out where client is given').optional(),
        client: name.optional(),
      },
      'must be as { repository: { issuer: github, id: "456789" }, label: prod-access, role: orders-db/write, to: author }',
    ),
    'must be a list of pull_requests',
  )
  .max(1000, 'has more than 1000 entries');

export const statedPullRequest = z.strictObject(
  {
    number: z.int('must be a number').min(1, 'must be 1 or more').optional(),
    labels: z.array(z.string('must be text'), 'must be a list of labels').optional(),
    author: z.string('must be text').optional(),
    base: z.string('must be text').optional(),
    head: z.string('must be text').optional(),
    sha: z.string('must be text').optional(),
  },
  'must be as { number: 118, labels: [prod-access], base: main }',
);
