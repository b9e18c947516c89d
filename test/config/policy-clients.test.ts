/** `issuers`, `clients` and `accounts` of a policy that is right, its tests about clients, and `policy explain --client`. */
import { describe, expect, it } from 'vitest';
import { explainInput, explainPolicy, testPolicy } from '../../src/config/policy-commands.ts';
import type { ExplainOptions } from '../../src/config/policy-commands.ts';
import { packPolicy, unpackPolicy } from '../../src/config/packed-policy.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { GOOD, changed, inputOf, load } from './made.ts';

const MACHINES = `issuers:
  github: { kind: github }
  gitlab: { kind: gitlab }
  cluster: { kind: kubernetes, url: https://k8s.acme.test, keys: "file:/etc/latchkey/jwks.json" }
  other: { kind: oidc, url: "http://127.0.0.1:9/ci" }
clients:
  deploy:
    issuer: github
    audience: latchkey
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main, refs/tags/v*]
  shop: { issuer: gitlab, audience: latchkey, project: { id: "77", name: acme/shop }, refs: [refs/heads/main] }
  cron: { issuer: cluster, audience: latchkey, service_account: { namespace: ops, name: nightly } }
  nightly: { issuer: other, audience: latchkey, claims: { sub: "pipeline:nightly", org: "17" } }
accounts:
  github: { "1001": dana@acme.test }
`;

const RULES = `rules:
  - name: Deployments read at once
    match: { clients: [deploy], roles: ["*/read"] }
    when: client.environment == "production" && client.event != "schedule"
    approve: true
`;

const TEXT = `${changed('rules:\n', RULES)}${MACHINES}`;

const policyOf = (text: string, env: Record<string, string> = {}): Policy => {
  const input = inputOf(text);
  const loaded = load(text, { env: { ...input.env, ...env } });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return loaded.policy;
};

const urlOf = (issuer: string): string | undefined => {
  const text = `${GOOD}issuers: { ci: ${issuer} }\n`;
  return policyOf(text).issuers['ci']?.url;
};

const DEPLOYMENTS = (rule: string, gate = '{ client: deploy, environment: production }'): string =>
  `${changed('rules:\n', `rules:\n  - ${rule}\n`)}${MACHINES}gates:\n  - ${gate}\n`;

const problemsOf = (text: string): string[] => {
  const loaded = load(text, { env: inputOf(text).env });
  return 'problems' in loaded ? loaded.problems.map(({ code }) => code) : [];
};

describe('a gate without a role', () => {
  const RULE = '{ name: Releases, match: { clients: [deploy], gates: [prod*] }, approvals: [{ from: sre }] }';
  const test = (request: string, expected: string): string =>
    `${DEPLOYMENTS(RULE)}tests:\n  - { name: t, client: deploy, request: ${request}, expect: ${expected} }\n`;

  const withoutRest = (text: string): string =>
    text.replace('  - name: Rest\n', '  - name: Rest\n    match: { roles: ["*/*"] }\n');

  it('is decided by rules that name it or its client, and by none about targets or roles', () => {
    expect(problemsOf(DEPLOYMENTS(RULE))).toEqual([]);
    expect(
      problemsOf(DEPLOYMENTS('{ name: Releases, match: { clients: [deploy] }, approvals: [{ from: sre }] }')),
    ).toEqual([]);
    expect(
      problemsOf(
        withoutRest(
          DEPLOYMENTS('{ name: Releases, match: { clients: [deploy], roles: ["*/*"] }, approvals: [{ from: sre }] }'),
        ),
      ),
    ).toContain('uncovered_gate');
    expect(
      problemsOf(
        withoutRest(DEPLOYMENTS('{ name: Releases, match: { clients: [shop] }, approvals: [{ from: sre }] }')),
      ),
    ).toContain('uncovered_gate');
    expect(
      problemsOf(
        DEPLOYMENTS('{ name: Releases, match: { clients: [deploy], gates: [staging] }, approvals: [{ from: sre }] }'),
      ),
    ).toContain('unknown_gate');
    expect(
      problemsOf(
        DEPLOYMENTS(
          '{ name: Releases, match: { gates: [production], roles: ["*/read"] }, approvals: [{ from: sre }] }',
        ),
      ),
    ).toContain('gate_and_role');
    expect(
      problemsOf(DEPLOYMENTS('{ name: Releases, match: { gates: [production] }, approvals: [{ from: owners }] }')),
    ).toContain('nobody_can_approve');
    expect(problemsOf(DEPLOYMENTS(RULE, '{ client: deploy, environment: production, for: 30m }'))).toContain(
      'useless_key',
    );
  });

  it('is not for a client that is bound by what only a token says', () => {
    const bound = (more: string): string =>
      DEPLOYMENTS(RULE).replace('    environment: production\n', `    environment: production\n${more}`);
    expect(problemsOf(bound('    runners: self-hosted\n'))).toEqual(['gate_unseen']);
    expect(problemsOf(bound('    claims: { actor_id: "1001" }\n'))).toEqual(['gate_unseen']);
    expect(problemsOf(bound('    claims: { ref: refs/heads/main }\n'))).toEqual([]);
    const shop = DEPLOYMENTS(RULE.replace('[deploy]', '[shop]'), '{ client: shop, environment: production }');
    expect(problemsOf(shop)).toEqual([]);
    const narrow = (more: string): string => shop.replace('name: acme/shop },', `name: acme/shop }, ${more},`);
    expect(problemsOf(narrow('claims: { ref_protected: "true" }'))).toEqual(['gate_unseen']);
    expect(problemsOf(narrow('workflow: gitlab.com/acme/shop//ci.yml@refs/heads/main'))).toEqual(['gate_unseen']);
    expect(problemsOf(narrow('claims: { ref_path: refs/heads/main }'))).toEqual([]);
  });

  it('has tests of its own, and an explanation', () => {
    const asks = test('{ gate: production }', '{ decision: ask, rule: Releases, from: [sre] }');
    expect(testPolicy(inputOf(asks)).text).toContain('ok      t');
    expect(problemsOf(test('{ gate: production, role: orders-db/read }', '{ decision: ask }'))).toContain(
      'test_request',
    );
    const input = explainInput(policyOf(DEPLOYMENTS(RULE)), {
      role: 'deployment:deploy/production',
      client: 'deploy',
      now: new Date(),
    });
    if ('problem' in input) throw new Error(input.problem);
    const { text } = explainPolicy(input);
    expect(text).toContain('Decided by the rule "Releases"');
    expect(text).not.toContain('for up to');
  });
});

describe('machines in a policy', () => {
  it('become values', () => {
    const { issuers, clients, accounts } = policyOf(TEXT);
    expect(issuers['cluster']).toMatchObject({ kind: 'kubernetes', keysFile: '/etc/latchkey/jwks.json' });
    expect(clients['deploy']).toMatchObject({
      issuer: 'github',
      repository: { id: '456789', name: 'acme/api' },
      refs: ['refs/heads/main', 'refs/tags/v*'],
      events: null,
      isUnsafe: false,
    });
    expect(accounts['github']?.['1001']).toBe('dana@acme.test');
  });

  it.each([
    ['{ kind: github }', 'https://token.actions.githubusercontent.com'],
    ['{ kind: github, enterprise: acme-inc }', 'https://token.actions.githubusercontent.com/acme-inc'],
    ['{ kind: github, host: ghe.acme.test }', 'https://ghe.acme.test/_services/token'],
    ['{ kind: github, host: acme.ghe.com }', 'https://token.actions.acme.ghe.com'],
    ['{ kind: github, url: "http://localhost:9/x" }', 'http://localhost:9/x'],
    ['{ kind: gitlab }', 'https://gitlab.com'],
    ['{ kind: gitlab, host: git.acme.test }', 'https://git.acme.test'],
    ['{ kind: buildkite }', 'https://agent.buildkite.com'],
    ['{ kind: circleci, url: https://oidc.circleci.com/org/1 }', 'https://oidc.circleci.com/org/1'],
    ['{ kind: oidc, url: https://ci.acme.test/ }', 'https://ci.acme.test/'],
  ])('the issuer %s has the address %s', (issuer, url) => expect(urlOf(issuer)).toBe(url));

  it('take LATCHKEY_PUBLIC_URL for an audience that is left out', () => {
    const text = TEXT.replace('    audience: latchkey\n', '');
    expect(load(text)).toHaveProperty('problems');
    expect(
      policyOf(text, { LATCHKEY_PUBLIC_URL: 'https://latchkey.acme.test' }).clients['deploy']?.audience,
    ).toBeNull();
  });

  it('may be started by what anyone can start only where the policy says unsafe', () => {
    const events = (more: string): string =>
      TEXT.replace(
        '    environment: production\n',
        `    environment: production\n    events: [issue_comment]\n${more}`,
      );
    expect(load(events(''))).toHaveProperty('problems');
    expect(policyOf(events('    unsafe: true\n')).clients['deploy']?.isUnsafe).toBe(true);
  });

  it('that may both fit a token are a warning, and those that never do are none', () => {
    const other = (keys: string): string[] => {
      const text = `${GOOD}issuers: { github: { kind: github } }\nclients:\n  a: { issuer: github, audience: x, repository: { id: "1" }, refs: [refs/heads/main] }\n  b: { issuer: github, audience: x, repository: { id: "1" }, ${keys} }\n`;
      const loaded = load(text);
      return 'problems' in loaded ? ['refused'] : loaded.warnings.map(({ code }) => code);
    };
    expect(other('environment: production')).toEqual(['overlapping_clients']);
    expect(other('refs: ["refs/heads/m*"]')).toEqual(['refused']);
    expect(other('refs: ["refs/heads/*/x"]')).toEqual([]);
    expect(other('refs: [refs/heads/dev]')).toEqual([]);
    expect(other('environment: production, refs: [refs/heads/dev]')).toEqual([]);
  });

  it('survive the way between threads', () => {
    const policy = policyOf(TEXT);
    const { issuers, clients, accounts } = unpackPolicy(structuredClone(packPolicy(policy)));
    expect({ issuers, clients, accounts }).toEqual({
      issuers: policy.issuers,
      clients: policy.clients,
      accounts: policy.accounts,
    });
    expect(Object.getPrototypeOf(clients)).toBeNull();
  });
});

const resultOf = (test: string): string => {
  const { results, findings } = testPolicy(inputOf(`${TEXT}tests:\n  - ${test}\n`)).facts;
  return (
    findings.map(({ message }) => message).join() || (results[0]?.isPassed ? 'passed' : (results[0]?.message ?? ''))
  );
};

describe('a test of the policy about a client', () => {
  const request = 'request: { role: orders/read, for: 30m, reason: migrate }';

  it.each([
    [`{ name: t, client: deploy, ${request}, expect: { decision: approve, rule: Deployments read at once } }`],
    [`{ name: t, client: shop, ${request}, expect: { decision: ask, rule: Rest, from: [owners] } }`],
    [`{ name: t, client: { name: deploy, claims: { ref: refs/tags/v1 } }, ${request}, expect: { decision: approve } }`],
    [
      `{ name: t, client: { name: deploy, claims: { event_name: schedule } }, ${request}, expect: { decision: ask, rule: Rest } }`,
    ],
    [
      `{ name: t, client: { name: deploy, claims: { ref: refs/heads/dev } }, ${request}, expect: { decision: refuse, code: client_mismatch } }`,
    ],
    [
      `{ name: t, client: { name: deploy, claims: { event_name: pull_request_target } }, ${request}, expect: { decision: refuse } }`,
    ],
    [`{ name: t, client: { name: shop, claims: { job_project_id: "78" } }, ${request}, expect: { decision: refuse } }`],
  ])('passes: %s', (test) => expect(resultOf(test)).toBe('passed'));

  it('that fails says which claim makes it no token of the client', () => {
    const client = 'client: { name: deploy, claims: { ref: refs/heads/dev } }';
    const said = resultOf(`{ name: t, ${client}, ${request}, expect: { decision: approve } }`);
    expect(said).toContain('one of refs/heads/main, refs/tags/v*, and here it is "refs/heads/dev"');
  });

  it('is about a client or a person, not both', () => {
    const both =
      '{ name: t, client: deploy, request: { by: a@b.c, role: orders/read, for: 30m }, expect: { decision: ask } }';
    expect(resultOf(both)).toContain('exactly one of');
  });
});

describe('policy explain about a client', () => {
  const explained = (options: Partial<ExplainOptions>): string => {
    const input = explainInput(policyOf(TEXT), { role: 'orders/read', now: new Date(), reason: 'migrate', ...options });
    return 'problem' in input ? input.problem : explainPolicy(input).text;
  };

  it.each([
    [{ client: 'deploy' }, 'Approved at once by the rule "Deployments read at once"'],
    [{ client: 'deploy', claim: ['event_name=schedule'] }, 'Decided by the rule "Rest"'],
    [{ client: 'shop' }, 'is for the clients deploy'],
    [{ by: 'dana@acme.test' }, 'Decided by the rule "Rest"'],
    [{ client: 'deploy', claim: ['ref=refs/heads/dev'] }, 'Such a token is not deploy: its ref is "refs/heads/dev"'],
    [{ client: 'deplo' }, 'known are: deploy, shop, cron, nightly'],
    [{ client: 'deploy', claim: ['ref'] }, 'name=value'],
    [{}, 'a person with --by, or a client with --client'],
    [{ client: 'deploy', by: 'dana@acme.test' }, 'a person with --by, or a client with --client'],
  ])('%j: %s', (options, says) => expect(explained(options)).toContain(says));
});
