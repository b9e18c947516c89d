/** Configurations and scopes of AWS that are wrong, each a sentence. */
import { expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import { textWith } from '../connection.ts';
import { roleArn, scopeOf } from './target.ts';

test.each<[object, string, string]>([
  [{ region: 'Frankfurt' }, 'region', 'eu-central-1'],
  [{ endpoint: 'http://aws.acme.test' }, 'endpoint', 'https://'],
  [{ mode: 'iam' }, 'mode', 'must be'],
  [{ credentials: { access_key_id: 'AKIAXXXXXXXXXXXXXXXX' } }, 'credentials', 'must be'],
  [{ credentials: { instance: 'http://metadata.acme.test' } }, 'credentials.instance', 'of this machine'],
  [{ assume: { role_arn: 'latchkey' } }, 'assume.role_arn', 'must be the ARN'],
])('a config that is wrong is a sentence: %j', (change, at, message) => {
  const right = { region: 'eu-central-1', mode: 'sts', credentials: { instance: 'http://169.254.169.254' } };
  expect(aws.configProblems(right)).toEqual([]);
  const problems = aws.configProblems(JSON.parse(JSON.stringify({ ...right, ...change })) as Json);
  expect(problems).toContainEqual({ path: at, message: textWith(message) });
});

test.each<[Json, string]>([
  [{ role_arn: 'prod-read' }, 'role_arn'],
  [{ role_arn: 'arn:aws:iam::123:role/x' }, 'role_arn'],
  [{ role_arn: roleArn('a/../b c') }, 'role_arn'],
  [scopeOf('read', { Version: '2008-10-17', Statement: [] }), 'policy'],
  [scopeOf('read', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*' }] }), 'policy'],
  [scopeOf('read', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ü', Resource: '*' }] }), 'policy'],
  [
    scopeOf('read', {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
    }),
    'policy',
  ],
  [
    scopeOf('read', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'x'.repeat(1_700), Resource: '*' }],
    }),
    'policy',
  ],
])('a scope that is wrong is a sentence: %j', (wrong, at) => {
  const problems = aws.scopeProblems(wrong);
  expect(problems.map(({ path: where }) => where)).toEqual([at]);
  for (const { message } of problems) expect(message).toMatch(/\w+ \w+/);
});
