/** Targets that lists give: what a row becomes, and what a machine may not make of it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { withFound } from '../../src/config/found-text.ts';
import type { FoundRow } from '../../src/config/found-text.ts';
import { listPlansIn } from '../../src/config/list-plans.ts';
import { pickFields, readRows } from '../../src/config/list-rows.ts';
import { packPolicy, unpackPolicy } from '../../src/config/packed-policy.ts';
import type { ConfigProblem } from '../../src/config/problem.ts';
import { decide } from '../../src/domain/policy/decide.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { askFor, factsFor } from '../domain/policy/made.ts';
import { ENV, GOOD, load } from './made.ts';

const LIST = `targets_from:
  shards:
    file: shards.csv
    fields: { host: "*.db.acme.test", title: "*", team: "*" }
    name: "shop-{{shard}}"
    target:
      title: "Shop {{title}}"
      provider: postgres
      config: { url: "postgres://latchkey:\${SHARDS_PASSWORD}@{{host}}/{{shard}}" }
      owners: ["{{team}}"]
      roles: { read: { scope: { member_of: [r] }, max: 1h } }
`;
const TEXT = `${GOOD}${LIST}`;
const LIST_ENV = { ...ENV, SHARDS_PASSWORD: 's3cret/{{host}}' };

const row = (fields: Partial<Record<string, string>> = {}): FoundRow => {
  const whole = { shard: 'a1', host: 'a1.db.acme.test', title: 'A one', team: 'dba', ...fields };
  return Object.fromEntries(
    Object.entries(whole).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
};

const loadRows = (rows: readonly FoundRow[], text = TEXT) => load(withFound(text, { shards: rows }), { env: LIST_ENV });

const policyOf = (rows: readonly FoundRow[], text = TEXT): { policy: Policy; warnings: ConfigProblem[] } => {
  const loaded = loadRows(rows, text);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return loaded;
};

/** Beside one that is right, so that not all are wrong. */
const leftOut = (fields: Partial<Record<string, string>>, text = TEXT): string => {
  const { policy, warnings } = policyOf([row({ shard: 'fine' }), row(fields)], text);
  expect(Object.keys(policy.targets)).toEqual(['orders', 'shop-fine']);
  return warnings.flatMap(({ code, message }) => (code === 'entry_left_out' ? [message] : [])).join('\n');
};

describe('a list of targets', () => {
  it('gives a target for each row, with the secrets of the environment', () => {
    const { policy } = policyOf([row()]);
    expect(policy.targets['shop-a1']).toMatchObject({
      title: 'Shop A one',
      config: { url: 'postgres://latchkey:s3cret/{{host}}@a1.db.acme.test/a1' },
      owners: ['dba'],
      list: 'shards',
      roles: { read: { maxMs: 3_600_000 } },
    });
    expect(decide(policy, askFor({ target: 'shop-a1' }), factsFor({}))).toMatchObject({ decision: 'ask' });
  });

  it('is part of the digest that decisions are recorded under', () => {
    const text = withFound(TEXT, { shards: [row()] });
    expect(policyOf([row()]).policy.sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(policyOf([row(), row({ shard: 'b2' })]).policy.sha256).not.toBe(policyOf([row()]).policy.sha256);
  });

  it('gives the same text whatever the order of rows and fields, and however often it has one', () => {
    const [a, b] = [row(), row({ shard: 'b2' })];
    const turned = Object.fromEntries(Object.entries(a).toReversed());
    expect(withFound(TEXT, { shards: [b, turned, a] })).toBe(withFound(TEXT, { shards: [a, b] }));
  });

  it('shares roles that no row changes, also after the way between threads', () => {
    const { policy } = policyOf([row(), row({ shard: 'b2' })]);
    const moved = unpackPolicy(structuredClone(packPolicy(policy)));
    for (const { targets } of [policy, moved]) expect(targets['shop-a1']?.roles).toBe(targets['shop-b2']?.roles);
    expect(moved.lists['shards']).toMatchObject({ rows: 2 });
  });

  it('fills scopes and titles of roles from the row', () => {
    const list = LIST.replace('member_of: [r]', 'member_of: ["{{shard}}_read"]').replace(
      'max: 1h }',
      'max: 1h, title: "Read {{shard}}" }',
    );
    const text = `${GOOD}${list}`;
    const { policy } = policyOf([row(), row({ shard: 'b2' })], text);
    expect(policy.targets['shop-b2']?.roles['read']).toMatchObject({
      title: 'Read b2',
      scope: { member_of: ['b2_read'] },
    });
  });
});

describe('a channel for each workspace of an organisation', () => {
  const list = LIST.replace(
    'owners:',
    'channel: { T123: "#{{team}}", T456: "#{{team}}-us", T789: C0SHOPS }\n      owners:',
  );
  const text = `${GOOD}${list}`;

  it('is filled from the row, as in a target that is written out', () => {
    const found = policyOf([row()], text).policy.targets['shop-a1'];
    expect(found).toMatchObject({ channel: '#dba@T123', otherChannels: ['#dba-us@T456', 'C0SHOPS'] });
    expect(policyOf([row()]).policy.targets['shop-a1']).not.toHaveProperty('otherChannels');
  });

  it('leaves the entry out where one of them is no channel', () => {
    const spaced = text.replace('"#{{team}}-us"', '"#{{title}}"');
    const rows = [row({ shard: 'fine', title: 'one' }), row({ shard: 'b2', title: 'two words' })];
    const { policy, warnings } = policyOf(rows, spaced);
    expect(Object.keys(policy.targets)).toEqual(['orders', 'shop-fine']);
    expect(warnings.map(({ message }) => message).join()).toContain('has "#two words@T456" as channel, which is none');
  });
});

describe('a row that does not fit is left out, and the others count', () => {
  it('that has the name of a target that is written out', () => {
    const text = TEXT.replace('name: "shop-{{shard}}"', 'name: "{{shard}}"');
    const { policy, warnings } = policyOf([row({ shard: 'fine' }), row({ shard: 'orders' })], text);
    expect(policy.targets['orders']).not.toHaveProperty('list');
    expect(warnings.map(({ message }) => message).join()).toContain('also the name of a target that is written out');
  });

  it('two that have one name, of which none counts', () => {
    const { policy, warnings } = policyOf([row({ shard: 'fine' }), row(), row({ title: 'Another' })]);
    expect(Object.keys(policy.targets)).toEqual(['orders', 'shop-fine']);
    expect(warnings.map(({ message }) => message).join()).toContain('the name of 2 different entries');
  });

  const CASES: [string, Partial<Record<string, string>>, string][] = [
    ['a host elsewhere', { host: 'db.evil.test' }, 'which is not "*.db.acme.test"'],
    ['a field that is missing', { team: undefined }, 'no text in the field "team"'],
    ['an empty field', { title: '' }, 'empty, or cannot be seen whole'],
    ['text that turns what follows', { title: 'a\u202eb' }, 'cannot be seen whole'],
    ['a line break', { title: 'a\nb' }, 'cannot be seen whole'],
    ['more than plain text where nothing allows it', { shard: 'a1/../b' }, 'more than letters'],
    ['a variable of the environment', { shard: '${SHARDS_PASSWORD}' }, 'more than letters'],
    ['a name in capitals', { shard: 'A1' }, 'is no name'],
    ['an owner who is no group', { team: 'mallory' }, 'has the owner "mallory", which is no group'],
    ['a title that is too long', { title: 'x'.repeat(120) }, 'a title of more than 100'],
    ['a field that is too long', { title: 'x'.repeat(400) }, 'more than 300'],
  ];
  it.each(CASES)('%s', (_name, fields, says) => {
    const said = leftOut({ shard: 'b2', ...fields });
    expect(said).toContain(says);
    expect(said).not.toMatch(/[\n\u202e]/);
  });

  it('is refused where no row can be used, since the template is wrong then', () => {
    const loaded = loadRows([row({ team: 'nobody' })]);
    expect('problems' in loaded && loaded.problems.map(({ code }) => code)).toEqual(['list_unusable']);
  });
});

it('what a row has in an address is its text alone: no path, no user, no second host', () => {
  const text = TEXT.replace('"*.db.acme.test"', '"*"');
  const { policy } = policyOf([row({ host: 'evil.test/x?y@z#' })], text);
  expect(policy.targets['shop-a1']?.config).toEqual({
    url: 'postgres://latchkey:s3cret/{{host}}@evil.test%2Fx%3Fy%40z%23/a1',
  });
});

it('a variable is not filled from what a row holds, nor cut by a field', () => {
  const text = TEXT.replace('title: "*"', 'title: "*", note: "*"').replace(
    '/{{shard}}" }',
    '/{{shard}}", note: "{{note}}" }',
  );
  const { policy } = policyOf([row({ note: '${SHARDS_PASSWORD}' })], text);
  expect(policy.targets['shop-a1']?.config).toMatchObject({ note: '${SHARDS_PASSWORD}' });
  const cut = loadRows([row()], TEXT.replace('${SHARDS_PASSWORD}', '${SHARDS_{{shard}}}'));
  expect('problems' in cut && cut.problems.map(({ message }) => message).join()).toContain(
    'A list cannot say which environment variable is read',
  );
});

describe('what is the same for every row is checked once', () => {
  const WRONG: [string, [string, string], string][] = [
    ['no place to read', ['file: shards.csv', 'every: 5m'], 'needs one place to read'],
    ['a file of no known kind', ['file: shards.csv', 'file: shards.txt'], 'does not say what it is'],
    ['a name without a field', ['name: "shop-{{shard}}"', 'name: shop'], 'put a {{field}} into the name'],
    ['a field that is none', ['{{title}}', '{{Title-1}}'], 'names no field'],
    ['an unknown provider', ['provider: postgres', 'provider: postgre'], 'is no provider'],
    ['a scope that does not fit', ['scope: { member_of: [r] }', 'scope: {}'], 'Name the groups'],
    ['a variable that is not set', ['SHARDS_PASSWORD', 'SHARDS_PASSWORT'], 'is not set'],
    ['a provider without a list', ['file: shards.csv', 'list: { provider: postgres }'], 'has no list of targets'],
  ];
  it.each(WRONG)('%s', (_name, [from, to], says) => {
    const at = TEXT.lastIndexOf(from);
    expect(at).toBeGreaterThan(GOOD.length - 1);
    const loaded = loadRows([row()], `${TEXT.slice(0, at)}${to}${TEXT.slice(at + from.length)}`);
    expect('problems' in loaded ? loaded.problems.map(({ message }) => message).join() : 'loaded').toContain(says);
  });

  it('warns where a list may choose the server that is given the credentials', () => {
    const { warnings } = policyOf([row()], TEXT.replace('host: "*.db.acme.test", ', ''));
    const said = warnings.flatMap(({ code, message }) => (code === 'unbounded_field' ? [message] : []));
    expect(said.join()).toContain('{{host}}');
    expect(
      policyOf([row()]).warnings.filter(
        ({ code, message }) => code === 'unbounded_field' && message.includes('{{host}}'),
      ),
    ).toEqual([]);
  });
});

describe('rules about what a list gives', () => {
  it('that name a target which left it are a warning, so that its leaving counts', () => {
    const rule = '  - name: Only b2\n    match: { targets: [shop-b2] }\n    approve: true\n  - name: Writes';
    const text = TEXT.replace('  - name: Writes', rule);
    expect(policyOf([row(), row({ shard: 'b2' })], text).warnings.map(({ code }) => code)).not.toContain(
      'unknown_target',
    );
    expect(policyOf([row()], text).warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['unknown_target', 'unreachable_rule']),
    );
  });

  it('are not judged where the list was not read, and nothing of it can be requested', () => {
    const loaded = load(TEXT, { env: LIST_ENV, areVariablesOptional: true, unread: { shards: 'is not there' } });
    if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.warnings.map(({ message }) => message).join()).toContain('The list "shards" is not there');
    expect(Object.keys(loaded.policy.targets)).toEqual(['orders']);
    expect('problems' in load(TEXT, { env: LIST_ENV })).toBe(true);
  });
});

describe('a list as a file', () => {
  const expected = [
    { shard: 'a1', port: '5432' },
    { shard: 'b,2', port: '6' },
  ];
  const FILES: [string, string][] = [
    ['csv', '\uFEFFshard,port,size\r\na1,5432,big\r\n"b,2",6,""\r\n'],
    ['json', '[{"shard":"a1","port":5432,"tags":[1]},{"shard":"b,2","port":6}]'],
    ['jsonl', '{"shard":"a1","port":5432}\n\n{"shard":"b,2","port":6}\n'],
    ['yml', '- { shard: a1, port: 5432 }\n- shard: b,2\n  port: 6\n'],
  ];
  it.each(FILES)('%s gives rows, of which only what is used is kept', (ending, text) => {
    const read = readRows(text, ending);
    if ('problem' in read) throw new Error(read.problem);
    expect(pickFields(read.rows, ['port', 'shard']).map((each) => ({ ...each }))).toEqual(expected);
  });

  const BROKEN: [string, string, string][] = [
    ['csv', 'shard,port\na1\n', 'has 1 cells in entry 1, and 2'],
    ['csv', 'shard,shard\na,b\n', 'twice'],
    ['csv', 'shard\na"b\n', 'is no CSV'],
    ['csv', '', 'is empty'],
    ['json', '{"shard":1}', 'holds no list'],
    ['json', '[1]', 'entry 1'],
    ['json', '[', 'is no JSON'],
    ['jsonl', '{"a":1}\nx\n', 'line 2'],
    ['yaml', '- {a: 1', 'no YAML'],
    ['txt', 'a', 'has no ending'],
  ];
  it.each(BROKEN)('%s that holds %j is no list', (ending, text, says) => {
    const read = readRows(text, ending);
    expect('problem' in read ? read.problem : 'read').toContain(says);
  });
});

it('another place or another use is another list, and another pattern or title is the same', () => {
  const definitionOf = (text: string) =>
    listPlansIn({ text, path: '/etc/latchkey.yml', env: LIST_ENV })['shards']?.definition;
  const own = definitionOf(TEXT);
  expect(own).toMatch(/^[0-9a-f]{64}$/);
  expect(definitionOf(TEXT.replace('shards.csv', 'other.csv'))).not.toBe(own);
  expect(definitionOf(TEXT.replace('Shop {{title}}', 'Shop {{title}} {{size}}'))).not.toBe(own);
  expect(definitionOf(TEXT.replace('Shop {{title}}', 'The shop {{title}}'))).toBe(own);
  expect(definitionOf(TEXT.replace('*.db.acme.test', '*.acme.test'))).toBe(own);
});

it('a file path is beside the policy, and every has a default for files and for servers', () => {
  const [plan] = Object.values(listPlansIn({ text: TEXT, path: '/etc/latchkey.yml', env: LIST_ENV }));
  expect(plan).toMatchObject({ source: { kind: 'file', file: '/etc/shards.csv' }, everyMs: 10_000, shrink: 0.5 });
});
