import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AREAS } from '../../src/compose/doctor/check.ts';
import { withFound } from '../../src/config/found-text.ts';
import { listPlansIn } from '../../src/config/list-plans.ts';
import { pickFields, readRows } from '../../src/config/list-rows.ts';
import { checkPolicy, testPolicy } from '../../src/config/policy-commands.ts';
import type { CommandResult, TestFacts } from '../../src/config/policy-commands.ts';
import { FIELDS } from '../../src/domain/policy/condition-names.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { newCaKey } from '../providers/ssh/target.ts';
import { inputOf } from './made.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

const examplesOf = (page: string): string[] =>
  [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
const examples = examplesOf('docs/policy.md');
const whole = examples.find((text) => text.startsWith('version:')) ?? '';

const partsOf = (text: string): Record<string, unknown> => {
  const value: unknown = parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
};

/** An example that shows a part stands in the whole policy in place of the same part; its tests replace those of the whole. */
const completed = (text: string): string =>
  text === whole ? text : JSON.stringify({ ...partsOf(whole), tests: [], ...partsOf(text) });

const check = (text: string): CommandResult<TestFacts> => testPolicy(inputOf(text));

describe('the examples of docs/policy.md', () => {
  it('are there', () => {
    expect(whole).not.toBe('');
    expect(examples.length).toBeGreaterThanOrEqual(6);
  });

  it.each(examples.map((text, index) => [index + 1, text] as const))(
    'example %i loads and its tests pass',
    (_at, text) => {
      const { isOk, text: said } = check(completed(text));
      expect({ isOk, said }).toEqual({ isOk: true, said });
    },
  );

  it('fail when what they say is not so', () => {
    const wrong = completed(examples[1] ?? '').replace('"decision":"approve"', '"decision":"deny"');
    expect(check(wrong).isOk).toBe(false);
  });
});

describe('the examples of docs/incidents.md', () => {
  const shown = examplesOf('docs/incidents.md');

  it.each(shown.map((text, index) => [index + 1, text] as const))(
    'example %i loads and its tests pass',
    (_at, text) => {
      const { isOk, text: said } = check(completed(text));
      expect({ isOk, said }).toEqual({ isOk: true, said });
    },
  );

  it('are tested by what they say', () => {
    expect(shown.length).toBeGreaterThanOrEqual(3);
    const wrong = completed(shown[0] ?? '').replace('"decision":"approve"', '"decision":"deny"');
    expect(check(wrong).isOk).toBe(false);
  });

  it('name every key that the policy knows of incidents', () => {
    const schema = JSON.parse(read('latchkey.schema.json')) as {
      properties: { incidents: { properties: Record<string, unknown> } };
    };
    const keys = Object.keys(schema.properties.incidents.properties);
    expect(keys.length).toBeGreaterThan(8);
    const text = shown.join('\n');
    expect(keys.filter((key) => !text.includes(`${key}:`))).toEqual([]);
  });
});

describe('the examples of docs/many-targets.md', () => {
  const lists = [...read('docs/many-targets.md').matchAll(/^```csv\n([\s\S]*?)^```/gm)].map(([, csv = '']) => csv);

  it.each(examplesOf('docs/many-targets.md').map((text, index) => ({ text, csv: lists[index] ?? '' })))(
    'load with the list that stands beside them, and their tests pass: %#',
    ({ text, csv }) => {
      const [[name, plan] = []] = Object.entries(listPlansIn({ text, path: 'latchkey.yml', env: {} }));
      const rows = readRows(csv, 'csv');
      if ('problem' in rows) throw new Error(rows.problem);
      const found = { [name ?? '']: pickFields(rows.rows, plan?.fields ?? []) };
      const env = { SHOPS_DB_PASSWORD: 'made-up', WEB_CA_KEY: newCaKey() };
      const input = { ...inputOf(withFound(text, found), { env }), providers: PROVIDERS };
      expect(testPolicy(input).text).toContain('1 passed, 0 failed');
      expect(checkPolicy(input).text).toBe(`list ${name}: 2 targets of 2 entries\nlatchkey.yml is right.`);
    },
  );
});

describe('examples/', () => {
  const names = readdirSync(new URL('../../examples/', import.meta.url));

  it('has a whole policy for each provider, under its name', () => {
    expect(names.sort()).toEqual(PROVIDERS.map(({ id }) => `${id}.yml`).sort());
  });

  it.each(names)('%s is right, its tests pass, and its target is of that provider', (name) => {
    const text = read(`examples/${name}`);
    const { isOk, text: said, facts } = testPolicy({ ...inputOf(text), providers: PROVIDERS });
    expect({ isOk, said }).toEqual({ isOk: true, said });
    expect(facts.results.length).toBeGreaterThan(0);
    expect(text).toContain(`provider: ${name.replace('.yml', '')}\n`);
  });
});

it('latchkey.example.yml is right and its tests pass', () => {
  const { isOk, facts } = check(read('latchkey.example.yml'));
  expect(isOk).toBe(true);
  expect(facts.results.length).toBeGreaterThanOrEqual(4);
});

describe('docs/configuration.md', () => {
  const text = read('docs/configuration.md');

  const source = readdirSync(new URL('../../src/config/', import.meta.url))
    .filter((name) => name.startsWith('environment'))
    .map((name) => read(`src/config/${name}`))
    .join('\n');

  it('names every variable that the code reads', () => {
    const names = new Set(
      [
        ...source.matchAll(/'((?:SLACK|LATCHKEY|DATABASE|REDIS|PAGERDUTY|OPSGENIE|ALERTMANAGER|ALERT)_[A-Z_]+|PORT)'/g),
      ].map(([, name = '']) => name),
    );
    expect(names.size).toBeGreaterThanOrEqual(11);
    expect([...names].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('names every code of a problem', () => {
    const codes = [...source.matchAll(/refuse\(\s*'([a-z_]+)'/g)].map(([, code = '']) => code);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });
});

describe('docs/policy.md', () => {
  const text = read('docs/policy.md');
  const rows = (heading: string): string[] => {
    const section = text.slice(text.indexOf(`\n### ${heading}\n`)).split(/\n##+ /)[1] ?? '';
    return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row);
  };

  it('names every key of match', () => {
    const schema = JSON.parse(read('latchkey.schema.json')) as {
      properties: { rules: { items: { properties: { match: { properties: Record<string, unknown> } } } } };
    };
    const keys = Object.keys(schema.properties.rules.items.properties.match.properties);
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !rows('match').some((row) => row.startsWith(`\`${key}\` |`)))).toEqual([]);
  });

  it('names every variable of conditions, and each of its fields', () => {
    const named = rows('when');
    const missing = Object.entries(FIELDS).flatMap(([variable, fields]) => {
      const row = named.find((one) => one.startsWith(`\`${variable}\` |`)) ?? '';
      return Object.keys(fields).flatMap((field) => (row.includes(`\`${field}\``) ? [] : [`${variable}.${field}`]));
    });
    expect(missing).toEqual([]);
    for (const variable of ['now', 'windows', 'freezes'])
      expect(named.some((row) => row.startsWith(`\`${variable}\` |`))).toBe(true);
  });
});

it('docs/operations.md names every area that doctor reports', () => {
  const [row = ''] = /^\| `checks` \|.*$/m.exec(read('docs/operations.md')) ?? [];
  expect(AREAS.filter((area) => !row.includes(`\`${area}\``))).toEqual([]);
});

it('docs/policy.md names every code of a problem', () => {
  const text = read('docs/policy.md');
  const files = readdirSync(new URL('../../src/config/', import.meta.url));
  const sources = files
    .filter((name) => /^policy-(?!source)/.test(name))
    .map((name) => read(`src/config/${name}`))
    .join('\n');
  const codes = [...sources.matchAll(/(?:refuse|warn|make)\(\s*'([a-z_]+)'|code: '([a-z_]+)'/g)].map(
    ([, one, two]) => one ?? two ?? '',
  );
  const missing = [...new Set(codes)].filter((code) => !text.includes(`\`${code}\``));
  expect(codes.length).toBeGreaterThan(25);
  expect(missing).toEqual([]);
});
