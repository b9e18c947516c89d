/** Lists that servers have: the databases of a Postgres server, the namespaces of a cluster, what a program says. */
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readList } from '../../../src/compose/lists/read-list.ts';
import type { ReadList } from '../../../src/compose/lists/read-list.ts';
import { lookAtLists } from '../../../src/compose/lists/complete-policy.ts';
import type { Json } from '../../../src/domain/json.ts';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import { policyInput } from '../../../src/compose/policy-input.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { apply, createTarget, openCluster } from '../../providers/kubernetes/target.ts';
import { randomSuffix, testServices } from '../../support/services.ts';
import { withClient } from '../../support/world.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(path.join(tmpdir(), 'lk-lists-'));
/** Programs in this folder may be run. */
const ENV = { LATCHKEY_EXEC_PROGRAMS: `${folder}/` };
afterAll(async () => await rm(folder, { recursive: true }));

const fromProvider = (provider: string, config: Json, more: { only?: Json; fields: string[] }): Promise<ReadList> =>
  readList(
    { source: { kind: 'provider', provider, config, only: more.only ?? null }, fields: more.fields },
    { signal, env: ENV },
  );

const rowsOf = (read: ReadList): object[] => {
  if ('problem' in read) throw new Error(read.problem);
  return read.rows.map((row) => ({ ...row }));
};

describe('the databases of a Postgres server', () => {
  const { adminUrl } = testServices();
  const suffix = randomSuffix();
  const names = [`shop_a_${suffix}`, `shop_b_${suffix}`, `shop_closed_${suffix}`];
  afterAll(() =>
    withClient(adminUrl, async (client) => {
      for (const name of names) await client.query(`drop database if exists ${name}`);
    }),
  );

  test('are those that take connections, by a pattern, with owner and comment', async () => {
    await withClient(adminUrl, async (client) => {
      for (const name of names) await client.query(`create database ${name}`);
      await client.query(`comment on database ${names[0]} is 'Lisbon'`);
      await client.query(`alter database ${names[2]} allow_connections false`);
    });
    const only = { like: `shop\\_%\\_${suffix}` };
    const read = await fromProvider('postgres', { url: adminUrl }, { only, fields: ['comment', 'database'] });
    expect(rowsOf(read)).toEqual([
      { comment: 'Lisbon', database: names[0] },
      { comment: '', database: names[1] },
    ]);
    const less = await fromProvider(
      'postgres',
      { url: adminUrl },
      { only: { ...only, not: [names[0] ?? ''] }, fields: ['database'] },
    );
    expect(rowsOf(less)).toEqual([{ database: names[1] }]);
  });

  test('cannot be read from a server that is down, in a sentence without the password', async () => {
    const url = 'postgresql://latchkey:hunter2@127.0.0.1:1/shop';
    const read = await fromProvider('postgres', { url }, { fields: ['database'] });
    expect(read).toEqual({
      problem: expect.stringMatching(/^\(provider postgres\) cannot be read: .*127\.0\.0\.1:1/) as string,
    });
    expect(JSON.stringify(read)).not.toContain('hunter2');
  });
});

test('the namespaces of a cluster are those with the labels that are wanted, and no others', async () => {
  const cluster = await openCluster();
  try {
    const target = await createTarget(cluster);
    const team = `t${randomSuffix()}`;
    for (const name of [`a-${team}`, `b-${team}`])
      await apply(cluster.admin, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'acme.test/team': team, size: 'small' } },
      });
    const wanted = { only: { labels: `acme.test/team=${team}` }, fields: ['label_acme_test_team', 'namespace'] };
    const token = cluster.standIn?.adminToken ?? target.token;
    const read = await fromProvider('kubernetes', { ...target.config, token }, wanted);
    expect(rowsOf(read)).toEqual([
      { label_acme_test_team: team, namespace: `a-${team}` },
      { label_acme_test_team: team, namespace: `b-${team}` },
    ]);
    const denied = await fromProvider('kubernetes', target.config, wanted);
    expect('problem' in denied ? denied.problem : 'read').toMatch(/namespaces/);
  } finally {
    await cluster.stop();
  }
});

describe('a program', () => {
  const programOf = (script: string): string => {
    const file = path.join(folder, `p${randomSuffix()}`);
    writeFileSync(file, `#!/bin/sh\nIN=$(cat)\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  };

  test('says which targets there are, is given what is wanted, and may say much', async () => {
    const program = programOf(`case "$IN" in *'"action":"targets"'*'"only":{"env":"prod"}'*) ;; *) exit 64 ;; esac
printf '{"targets":['; for n in $(seq 1 4999); do printf '{"name":"billing-%s","note":"................................"},' $n; done; printf '{"name":"last"}]}'`);
    const read = await fromProvider('exec', { program }, { only: { env: 'prod' }, fields: ['name'] });
    const rows = rowsOf(read);
    expect(rows).toHaveLength(5_000);
    expect(rows.at(-1)).toEqual({ name: 'last' });
  });

  const BAD: [string, string, string][] = [
    ['that answers something else', `echo '{"grants":[]}'`, 'gave no list of targets'],
    ['that fails', 'echo "no token" >&2; exit 77', 'exit code 77. It said: no token'],
  ];
  test.each(BAD)('%s gives a reason', async (_name, script, says) => {
    const read = await fromProvider('exec', { program: programOf(script) }, { fields: ['name'] });
    expect('problem' in read ? read.problem : 'read').toContain(says);
  });

  test('is run only where the environment of the operator allows it', async () => {
    const ran = path.join(folder, 'ran');
    const program = programOf(`touch ${ran}; echo '{"targets":[{"name":"one"}]}'`);
    const text = `version: 1
groups: { dba: { people: [dana@acme.test, omar@acme.test] } }
targets: {}
targets_from:
  billing:
    list: { provider: exec, config: { program: ${program} } }
    name: "billing-{{name}}"
    target: { provider: postgres, config: { url: "postgresql://l:p@h.acme.test/d?sslmode=require" }, owners: [dba], roles: { read: { scope: { member_of: [r] }, max: 1h } } }
rules: [{ name: Owners, approvals: [{ from: owners }] }]
admins: [dba]
`;
    const load = async (env: Record<string, string>) => {
      const looked = await lookAtLists({ text, path: 'latchkey.yml', env });
      return loadPolicy({ ...policyInput(looked.text, 'latchkey.yml', env), unread: looked.unread });
    };
    const off = await load({});
    expect('problems' in off ? off.problems.map(({ code }) => code) : []).toContain('not_switched_on');
    expect(existsSync(ran)).toBe(false);
    const on = await load({ LATCHKEY_EXEC_PROGRAMS: program });
    expect('policy' in on && Object.keys(on.policy.targets)).toEqual(['billing-one']);
  });
});

test('providers that have lists of targets are those that docs/many-targets.md names', () => {
  expect(PROVIDERS.filter(({ list }) => list).map(({ id }) => id)).toEqual(['aws', 'exec', 'kubernetes', 'postgres']);
});
