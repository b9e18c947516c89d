/** An address that rules compare is one that the address book has bound: no text becomes one by itself. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { DecisionFacts } from '../../src/domain/policy/decision-facts.ts';
import { boundEmail, namedAddress, normalEmail } from '../../src/domain/principals/identity.ts';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const IDENTITY = path.join('domain', 'principals', 'identity.ts');
/** The address book; a policy's own test, which states whose it is; and what is taken as if it were theirs, against them alone. */
const BINDING = ['config/policy-tests.ts', 'directory/email-lookup.ts', 'domain/policy/decide.ts'];

test('nothing else binds an address', () => {
  const binding = files.filter((file) => file !== IDENTITY && /\bboundEmail\(/.test(textOf(file)));
  expect(binding.toSorted()).toEqual(BINDING);
  expect(files.filter((file) => /\bas (?:unknown as )?BoundEmail\b/.test(textOf(file)))).toEqual([IDENTITY]);
});

test('neither text, nor an address as it is compared, nor a suspicion is one', () => {
  const common = { personId: 'T1:U1', userId: 'U1', groups: [] };
  const bound: DecisionFacts['requester'] = { ...common, email: boundEmail('ada@acme.test') };
  // @ts-expect-error text is no address of theirs
  const text: DecisionFacts['requester'] = { ...common, email: 'ada@acme.test' };
  // @ts-expect-error how it is compared says nothing of whose it is
  const named: DecisionFacts['requester'] = { ...common, email: namedAddress('ada@acme.test') };
  // @ts-expect-error a suspicion gives nothing
  const suspect: DecisionFacts['requester'] = { ...common, email: normalEmail('ada@acme.test') };
  expect([bound, text, named, suspect]).toHaveLength(4);
});
