import { expect, it } from 'vitest';
import { parseRequestLine } from '../../src/slack/door/commands/parse-request.ts';
import { readable } from '../../src/slack/door/commands/readable.ts';
import { POLICY, policyOf } from './rig.ts';

it.each([
  ['ask <@U012ABCDEF|omar> and <@W0ABC> in <#C012AB|ops>', 'ask @omar and @W0ABC in #ops'],
  ['see <https://x.test/a?b=1|bank.test>', 'see https://x.test/a?b=1'],
  ['see <https://x.test>', 'see https://x.test'],
  ['mail <mailto:o@x.test|o@x.test>', 'mail o@x.test'],
  ['nothing <!channel> <b> a < b > c', 'nothing <!channel> <b> a < b > c'],
  ['a &amp; b &lt;!channel&gt; &amp;lt;', 'a & b <!channel> &lt;'],
  ['', ''],
])('%j reads %j', (text, words) => expect(readable(text)).toBe(words));

it('takes no longer for a hostile text', () => {
  const begin = performance.now();
  readable('<@'.repeat(50_000));
  readable(`<https://${'x'.repeat(100_000)}`);
  expect(performance.now() - begin).toBeLessThan(3_000);
});

it('a reason that names people keeps their names, and a ticket at its end is found', () => {
  const read = parseRequestLine(policyOf(POLICY), 'orders-db read 30m told <@U012ABCDEF|omar> in <#C012AB|ops> OPS-1');
  expect(read).toMatchObject({ isRead: true, line: { reason: 'told @omar in #ops', ticket: 'OPS-1' } });
});
