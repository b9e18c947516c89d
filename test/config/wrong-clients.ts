/** Policies whose issuers, clients or accounts are wrong in one place. */
import { changed, withRule, withTop } from './made.ts';
import type { Wrong } from './made.ts';

/** Line 20 is `issuers`, line 21 `clients`, line 22 the first key of the client. */
const withClient = (client: string, issuer = '{ kind: github }'): string =>
  withTop(`issuers: { ci: ${issuer} }\nclients:\n  api: ${client}`);

const REPOSITORY = 'repository: { id: "1", name: acme/api }';
const BOUND = `{ issuer: ci, audience: a, ${REPOSITORY}, refs: [refs/heads/main] }`;

const withIssuer = (issuer: string): string => withTop(`issuers:\n  ci: ${issuer}`);

export const WRONG_CLIENTS: Wrong[] = [
  ['an issuer of an unknown kind', withIssuer('{ kind: jenkins }'), 'bad_value', 21, 'must be one of github'],
  ['an issuer without its address', withIssuer('{ kind: oidc }'), 'no_issuer_url', 21, 'has no url'],
  ['an issuer of a cluster without its address', withIssuer('{ kind: kubernetes }'), 'no_issuer_url', 21, 'kubectl'],
  ['an issuer over plain http', withIssuer('{ kind: oidc, url: http://ci.acme.test }'), 'bad_issuer', 21, 'plain http'],
  [
    'an issuer over plain http on a host that only looks like this machine',
    withIssuer('{ kind: oidc, url: http://localhost.acme.test }'),
    'bad_issuer',
    21,
    'plain http',
  ],
  ['an issuer by ftp', withIssuer('{ kind: oidc, url: ftp://ci.acme.test }'), 'bad_issuer', 21, 'https://'],
  ['an issuer with a user', withIssuer('{ kind: oidc, url: "https://u:p@ci.acme.test" }'), 'bad_issuer', 21, 'no user'],
  ['an issuer with a query', withIssuer('{ kind: oidc, url: "https://ci.acme.test/?a" }'), 'bad_issuer', 21, '"?"'],
  ['an issuer with dots', withIssuer('{ kind: oidc, url: https://ci.acme.test/a/../b }'), 'bad_issuer', 21, '".."'],
  ['an issuer that is no address', withIssuer('{ kind: oidc, url: "ci acme" }'), 'bad_issuer', 21, 'no address'],
  [
    'keys that are fetched from elsewhere',
    withIssuer('{ kind: oidc, url: https://ci.acme.test, keys: https://keys.acme.test }'),
    'bad_issuer',
    21,
    'is no file',
  ],
  [
    'keys by a path that hangs on the working folder',
    withIssuer('{ kind: oidc, url: https://ci.acme.test, keys: "file:jwks.json" }'),
    'bad_issuer',
    21,
    'whole path',
  ],
  [
    'an enterprise of GitLab',
    withIssuer('{ kind: gitlab, enterprise: acme }'),
    'useless_key',
    21,
    '"enterprise" means nothing here',
  ],
  [
    'a host beside an address',
    withIssuer('{ kind: github, host: ghe.acme.test, url: https://ghe.acme.test }'),
    'useless_key',
    21,
    '"host" means nothing here',
  ],
  [
    'a host that is an address',
    withIssuer('{ kind: github, host: "https://ghe.acme.test" }'),
    'bad_issuer',
    21,
    'no host',
  ],
  [
    'two issuers with one address',
    withTop('issuers:\n  one: { kind: github }\n  two: { kind: github }'),
    'duplicate_issuer',
    22,
    'keep one',
  ],
  [
    'a client of an issuer that is none',
    withClient(BOUND.replace('ci', 'cy')),
    'unknown_issuer',
    22,
    'did you mean "ci"?',
  ],
  [
    'a client of no repository',
    withClient('{ issuer: ci, audience: a, refs: [refs/heads/main] }'),
    'client_unbound',
    22,
    'gh api repos/OWNER/NAME --jq .id',
  ],
  [
    'a client of a repository by its name alone',
    withClient('{ issuer: ci, audience: a, repository: { name: acme/api }, refs: [refs/heads/main] }'),
    'client_unbound',
    22,
    'a name can be taken over',
  ],
  [
    'a client of every branch',
    withClient(`{ issuer: ci, audience: a, ${REPOSITORY} }`),
    'client_unbound',
    22,
    'bound to no branch',
  ],
  [
    'a client of no project',
    withClient(
      '{ issuer: ci, audience: a, project: { name: acme/shop }, refs: [refs/heads/main] }',
      '{ kind: gitlab }',
    ),
    'client_unbound',
    22,
    'Project ID',
  ],
  [
    'a client of no pipeline',
    withClient(
      '{ issuer: ci, audience: a, organization: { id: "1" }, refs: [refs/heads/main] }',
      '{ kind: buildkite }',
    ),
    'client_unbound',
    22,
    'pipeline_id',
  ],
  [
    'a client of no service account',
    withClient('{ issuer: ci, audience: a }', '{ kind: kubernetes, url: https://k8s.acme.test }'),
    'client_unbound',
    22,
    'service_account',
  ],
  [
    'a client of any job of an issuer',
    withClient('{ issuer: ci, audience: a, claims: { iss: x } }', '{ kind: oidc, url: https://ci.acme.test }'),
    'client_unbound',
    22,
    'any job of the issuer',
  ],
  [
    'a repository for GitLab',
    withClient(
      `{ issuer: ci, audience: a, project: { id: "7" }, ${REPOSITORY}, refs: [refs/heads/main] }`,
      '{ kind: gitlab }',
    ),
    'useless_key',
    22,
    'would bind nothing',
  ],
  [
    'an environment for CircleCI',
    withClient(
      '{ issuer: ci, audience: a, project: { id: "7" }, refs: [refs/heads/main], environment: production }',
      '{ kind: circleci, url: https://oidc.circleci.com/org/1 }',
    ),
    'useless_key',
    22,
    'would bind nothing',
  ],
  ['an id that is a number', withClient(BOUND.replace('"1"', '1')), 'wrong_type', 22, 'in quotes'],
  ['a bare branch for a ref', withClient(BOUND.replace('refs/heads/main', 'main')), 'bad_value', 22, 'full ref'],
  ['every ref', withClient(BOUND.replace('refs/heads/main', '"*"')), 'bad_value', 22, 'full ref'],
  ...['pull_request_target', 'issue_comment', 'workflow_run', 'discussion'].map((event): Wrong => [
    `a client that ${event} may start`,
    withClient(BOUND.replace('refs:', `events: [push, ${event}], refs:`)),
    'dangerous_event',
    22,
    'unsafe: true',
  ]),
  [
    'a client that a merge request may start',
    withClient(
      '{ issuer: ci, audience: a, project: { id: "7" }, refs: [refs/heads/main], events: [merge_request_event] }',
      '{ kind: gitlab }',
    ),
    'dangerous_event',
    22,
    'unsafe: true',
  ],
  [
    'a client without an audience',
    withClient(BOUND.replace('audience: a, ', '')),
    'no_audience',
    22,
    'LATCHKEY_PUBLIC_URL',
  ],
  [
    'two clients with the same tokens',
    withTop(`issuers: { ci: { kind: github } }\nclients:\n  api: ${BOUND}\n  web: ${BOUND}`),
    'ambiguous_client',
    23,
    'fits two clients',
  ],
  [
    'a client within another',
    withTop(
      `issuers: { ci: { kind: github } }\nclients:\n  api: ${BOUND}\n  web: ${BOUND.replace('refs:', 'environment: production, refs:')}`,
    ),
    'ambiguous_client',
    23,
    'fits two clients',
  ],
  [
    'a rule for a client that is none',
    changed('roles: ["*/write"]', 'clients: [api]'),
    'unknown_client',
    15,
    'no client of this policy',
  ],
  [
    'a rule that approves by itself and looks at the client without naming it',
    changed(
      '  - name: Rest\n',
      `  - name: Jobs\n    match: { roles: ["*/read"] }\n    when: 'client.environment == "production"'\n    approve: true\n  - name: Rest\n`,
    ),
    'client_unnamed',
    19,
    'match: { clients: [...] }',
  ],
  [
    'a field that clients do not have',
    withRule(`when: 'client.repositry == "acme/api"'`),
    'bad_condition',
    17,
    'did you mean "repository"?',
  ],
  [
    'accounts of an issuer that does not say who started a job',
    withTop('issuers: { bk: { kind: buildkite } }\naccounts:\n  bk: { "1": a@b.c }'),
    'useless_key',
    22,
    'do not say who started the job',
  ],
  [
    'accounts of an issuer that is none',
    withTop('accounts:\n  github: { "1": a@b.c }'),
    'unknown_issuer',
    21,
    'no issuer',
  ],
  [
    'an account of somebody who is no person',
    withTop('issuers: { github: { kind: github } }\naccounts:\n  github: { "1": dana }'),
    'bad_value',
    22,
    'must be an email',
  ],
  [
    'a test about a client that is none',
    withTop('tests: [{ name: t, client: api, request: { role: orders/read, for: 30m }, expect: { decision: ask } }]'),
    'unknown_client',
    20,
    'no client of this policy',
  ],
  [
    'a test about nobody',
    withTop('tests: [{ name: t, request: { role: orders/read, for: 30m }, expect: { decision: ask } }]'),
    'test_requester',
    20,
    'exactly one of',
  ],
];
