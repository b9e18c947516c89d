import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generic } from '../../src/http/hooks/generic/generic.ts';
import { TRIGGERS } from '../../src/http/hooks/registry.ts';
import { inputOf, GOOD } from './made.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';

const text = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
const examples = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, found = '']) => found);
const [alerts = '', rules = '', repair = '', closer = '', receiver = ''] = examples('yaml');

describe('docs/alerts.md', () => {
  it('names every door and the variable of its secret', () => {
    for (const { path, variable } of TRIGGERS) {
      expect(text).toContain(`/hooks/${path}`);
      expect(text).toContain(`\`${variable}\``);
    }
  });

  it('has alerts and a rule that load', () => {
    const groups = '  on-call: { slack_usergroup: on-call }\ntargets:\n';
    const base = GOOD.replace('targets:\n', groups).replaceAll('  orders:', '  orders-db:');
    const lag =
      '  - { name: replica-lag, source: pagerduty, match: { title: lag }, role: orders-db/read, to: on-call }\n';
    const whole = `${base.replace('rules:\n', rules)}${alerts}${lag}`;
    expect(loadPolicy(inputOf(whole))).toMatchObject({ policy: { alerts: { length: 3 } } });
    expect(loadPolicy(inputOf(whole.replace(rules, closer)))).toMatchObject({ policy: { alerts: { length: 3 } } });
  });

  it('has a job that repairs, which a rule lets in for the alert and not without it', () => {
    const groups = '  on-call: { slack_usergroup: on-call }\ntargets:\n';
    const named = `rules:
  - name: The alert lets the repair in
    match: { clients: [remediate], roles: [orders-db/write], alerts: [orders-db-down] }
    approve: true
`;
    const base = GOOD.replace('targets:\n', groups).replaceAll('  orders:', '  orders-db:').replace('rules:\n', named);
    const clients = `issuers: { ci: { kind: github } }
clients:
  remediate: { issuer: ci, audience: latchkey, repository: { id: "1", name: acme/api }, environment: production }
  other: { issuer: ci, audience: latchkey, repository: { id: "2", name: acme/web }, environment: production }
`;
    const request = '{ role: orders-db/write, for: 10m, reason: "alert of the orders database", ticket: OPS-1 }';
    const testOf = (client: string, alert: string, decision: string): string =>
      `  - { name: ${client} ${alert ? 'with' : 'without'}, client: { name: ${client} }, request: ${request},${alert} expect: { decision: ${decision} } }\n`;
    const [withAlert, tests] = [' alert: orders-db-down,', 'tests:\n'];
    const expected = [
      testOf('remediate', withAlert, 'approve'),
      testOf('remediate', '', 'ask'),
      testOf('other', withAlert, 'ask'),
    ];
    const loaded = loadPolicy(inputOf(`${base}${repair}${clients}${tests}${expected.join('')}`));
    expect(loaded).toMatchObject({ policy: { alerts: [{ client: 'remediate' }] } });
  });

  it('has a receiver that Alertmanager reads: routes name receivers that exist', () => {
    const config = parse(receiver) as {
      route: { receiver: string; routes: { receiver: string }[] };
      receivers: { name: string; webhook_configs?: { url: string; http_config: object }[] }[];
    };
    const names = config.receivers.map(({ name }) => name);
    for (const name of [config.route.receiver, ...config.route.routes.map((route) => route.receiver)])
      expect(names).toContain(name);
    const [hook] = config.receivers.flatMap(({ webhook_configs: hooks = [] }) => hooks);
    expect(new URL(hook?.url ?? '').pathname).toBe('/hooks/alertmanager');
    expect(hook?.http_config).toMatchObject({ authorization: { type: 'Bearer' } });
  });

  it('has a JSON that is read, and a script whose signature is believed', () => {
    const [json = ''] = examples('json');
    const nowMs = Date.parse('2026-11-22T03:13:00Z');
    const request = { headers: {}, body: Buffer.from(json), nowMs };
    expect(generic.read(JSON.parse(json), request)).toMatchObject({ signals: [{ key: 'backup-2026-11-22' }] });
    const [script = ''] = examples('sh');
    const signed = `${script.slice(0, script.indexOf('curl'))}printf '%s\\n%s\\n%s' "$stamp" "$signature" "$body"`;
    const secret = 'a secret of the test';
    const said = execFileSync('sh', ['-c', signed], { env: { ...process.env, ALERT_HOOK_SECRET: secret } }).toString();
    const [stamp = '', signature = '', body = ''] = said.split('\n');
    const headers = { 'x-latchkey-timestamp': stamp, 'x-latchkey-signature': `v1=${signature}` };
    expect(generic.refusalOf({ headers, body: Buffer.from(body), nowMs: Date.now() }, [secret])).toBeNull();
  });
});
