/** The policy file, its conditions and patterns, and the addresses and other variables of the environment. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe } from 'vitest';
import { parse, stringify } from 'yaml';
import { readEnvironment } from '../../src/config/environment.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { formatProblem } from '../../src/config/problem.ts';
import type { ConfigProblem } from '../../src/config/problem.ts';
import { compileCondition } from '../../src/domain/policy/condition.ts';
import { patternProblem } from '../../src/domain/policy/safe-pattern.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { jsonLike, textsLike } from './texts.ts';

const example = readFileSync(new URL('../../latchkey.example.yml', import.meta.url), 'utf8');
const SECRET = 'hunter2hunter2';
const names = [...example.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
const env = Object.fromEntries(names.map((name) => [name, `postgres://u:${SECRET}@db.acme.test/orders`]));

const areOurs = (problems: readonly ConfigProblem[], input: string): void => {
  claim(problems.length).toBeGreaterThan(0);
  const said = problems.map(formatProblem);
  saysNothingOfTheInside(said, input);
  if (!input.includes(SECRET)) claim(said.join('\n')).not.toContain(SECRET);
  for (const { code, message } of problems) claim([code === '', message === '']).toEqual([false, false]);
};

const load = (text: string): void => {
  const loaded = loadPolicy({ text, path: 'latchkey.yml', env, providers: PROVIDERS });
  if ('problems' in loaded) areOurs(loaded.problems, text);
};

const YAML_WORDS = [
  '&a',
  '*a',
  '<<: *a',
  '!!js/function',
  '? ',
  '- ',
  '|',
  '>-',
  '{',
  '}',
  '[',
  ']',
  '#',
  '---',
  '%YAML',
  '!!binary',
];

describe('the policy', () => {
  fuzz({
    name: 'policy with other values',
    share: 3,
    inputs: jsonLike([JSON.stringify(parse(example))]).map((v) => stringify(v)),
    run: load,
  });
  fuzz({
    name: 'policy with other text',
    share: 5,
    inputs: textsLike({ seeds: [example], words: YAML_WORDS, max: 40_000 }),
    run: load,
  });
  fuzz({
    name: 'YAML of any kind',
    share: 12,
    inputs: textsLike({ seeds: ['version: 1', 'a: &a [*a]', 'rules: []', '{}'], words: YAML_WORDS }),
    run: load,
  });
  fuzz({
    name: 'condition',
    share: 60,
    inputs: textsLike({
      seeds: [
        'requester.groups.exists(g, g == "sre") && local.hour >= 8',
        'local.weekday in ["Mon", "Tue"] || alert.name == "x"',
        'incident.severity == "sev1" ? true : request.reason.matches("a+")',
        '!(requester.on_call) && size(request.reason) > 10',
      ],
      words: [
        'requester',
        'request',
        'alert',
        'local',
        'incident',
        '&&',
        '||',
        '!',
        'in',
        'matches("(a+)+$")',
        '.all(x, true)',
        '==',
        '? :',
      ],
    }),
    run: (source) => {
      const compiled = compileCondition(source);
      if ('problems' in compiled) saysNothingOfTheInside(compiled.problems, source);
    },
  });
  fuzz({
    name: 'pattern',
    share: 40,
    inputs: fc.record({
      source: textsLike({
        seeds: ['^[A-Z]+-\\d+$', '^(OPS|INC)-[0-9]{1,6}$', '(a+)+$', '(a|a)*b', '^(\\w+\\s?)*$'],
        words: ['(', ')', '*', '+', '{1,}', '{2,50}', '?', '|', '[a-z]', '.', '\\w', '\\b', '(?=a)', '\\1', '$'],
        max: 250,
      }),
      text: textsLike({ seeds: ['OPS-12', 'a'.repeat(100), `${'A'.repeat(98)}-1`, 'aaaa b aaaa'], max: 100 }),
    }),
    run: ({ source, text }) => {
      const problem = patternProblem(source);
      if (problem === null) new RegExp(source).test(text);
      else saysNothingOfTheInside(problem, source);
    },
  });
});

describe('the environment', () => {
  const base = {
    SLACK_BOT_TOKEN: 'xoxb-1-2-abc',
    SLACK_APP_TOKEN: 'xapp-1-A1-2-abc',
    DATABASE_URL: 'postgres://latchkey:pw@db.acme.test:5432/latchkey?sslmode=verify-full',
    REDIS_URL: 'rediss://:pw@redis.acme.test:6379/2',
    LATCHKEY_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const PIECES = [
    'postgres://',
    'postgresql://',
    'redis://',
    'rediss://',
    '@',
    ':',
    '/',
    '?',
    '&',
    '=',
    '%',
    'sslmode=disable',
    '[::1]',
    '%2F',
    'host=/tmp',
  ];
  fuzz({
    name: 'addresses and variables',
    share: 50,
    inputs: fc.record({
      name: fc.constantFrom(...Object.keys(base), 'PORT', 'HOST', 'LATCHKEY_LOG_LEVEL', 'LATCHKEY_METRICS_PORT'),
      value: textsLike({ seeds: Object.values(base), words: PIECES, max: 2_000 }),
    }),
    run: ({ name, value }) => {
      const read = readEnvironment({ ...base, [name]: value });
      if (!('problems' in read)) return;
      areOurs(read.problems, value);
      if (value.length > 12) claim(read.problems.map(formatProblem).join('\n')).not.toContain(value);
    },
  });
  fuzz({
    name: 'address of a target',
    share: 10,
    inputs: textsLike({ seeds: [base.DATABASE_URL, `postgres://u:${SECRET}@h/d`], words: PIECES, max: 2_000 }),
    run: (url) => {
      const { version, groups } = parse(example) as { version: number; groups: unknown };
      const target = {
        title: 'T',
        provider: 'postgres',
        config: { url },
        owners: Object.keys(groups as object).slice(0, 1),
      };
      const roles = { read: { title: 'R', scope: { member_of: ['app_read'] }, max: '1h', default: '30m' } };
      load(stringify({ version, groups, targets: { 'orders-db': { ...target, roles } }, rules: [] }));
    },
  });
});
