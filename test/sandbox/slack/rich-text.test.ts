/** Rich text and tables as Slack documents them: what stands in the reference passes, and what does not is refused with its place. */
import { describe, expect, it } from 'vitest';
import { checkMessageBlocks, checkView } from '../../../sandbox/src/slack/blocks/validate.ts';

const part = (type: string, elements: unknown[], more: object = {}) => ({ type, elements, ...more });
const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });
const section = (...elements: unknown[]) => part('rich_text_section', elements);
const rich = (...elements: unknown[]) => ({ type: 'rich_text', elements });
const table = (rows: unknown[][], more: object = {}) => ({ type: 'table', rows, ...more });
const raw = (words: string) => ({ type: 'raw_text', text: words });
const places = (...blocks: unknown[]): string[] => checkMessageBlocks(blocks).map(({ pointer }) => pointer);

describe('rich text', () => {
  it('takes every part and every element of the reference', () => {
    const all = rich(
      section(
        text('bold', { style: { bold: true, code: false } }),
        { type: 'link', url: 'https://acme.test', text: 'runbook' },
        { type: 'user', user_id: 'U0ADA' },
        { type: 'channel', channel_id: 'C0OPS' },
        { type: 'usergroup', usergroup_id: 'S0SRE' },
        { type: 'broadcast', range: 'here' },
        { type: 'emoji', name: 'wave' },
        { type: 'date', timestamp: 1_720_710_212, format: '{date_short}' },
        { type: 'color', value: '#E01E5A' },
      ),
      part('rich_text_list', [section(text('one'))], { style: 'bullet', indent: 1, border: 0 }),
      part('rich_text_quote', [text('said')], { border: 1 }),
      part('rich_text_preformatted', [text('psql')]),
    );
    expect(places(all)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['an element that is none', section({ type: 'shout', text: 'x' }), '/blocks/0/elements/0/elements/0/type'],
    ['a part that is none', part('rich_text_table', []), '/blocks/0/elements/0/type'],
    ['text without words', section({ type: 'text' }), '/blocks/0/elements/0/elements/0'],
    ['a style that is none', section(text('x', { style: { big: true } })), '/blocks/0/elements/0/elements/0/style'],
    ['a name in place of an id', section({ type: 'user', user_id: 'ada' }), '/blocks/0/elements/0/elements/0/user_id'],
    ['a list without a style', part('rich_text_list', [section(text('x'))]), '/blocks/0/elements/0'],
    [
      'a list too deep',
      part('rich_text_list', [section(text('x'))], { style: 'ordered', indent: 9 }),
      '/blocks/0/elements/0/indent',
    ],
    [
      'a list of bare text',
      part('rich_text_list', [text('x')], { style: 'bullet' }),
      '/blocks/0/elements/0/elements/0/type',
    ],
    [
      'a mention in preformatted text',
      part('rich_text_preformatted', [{ type: 'user', user_id: 'U0ADA' }]),
      '/blocks/0/elements/0/elements/0/type',
    ],
  ])('refuses %s', (_, one, place) => {
    expect(places(rich(one))).toContain(place);
  });
});

describe('a table', () => {
  it('takes cells of both kinds, and settings for fewer columns than there are', () => {
    const cells = [raw('Target'), rich(section(text('orders-db')))];
    expect(places(table([cells, cells], { column_settings: [{ align: 'right', is_wrapped: true }] }))).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['a cell of another kind', table([[{ type: 'mrkdwn', text: 'x' }]]), '/blocks/0/rows/0/0/type'],
    ['a bare string for a cell', table([['x']]), '/blocks/0/rows/0/0'],
    ['more than 20 cells', table([Array.from({ length: 21 }, () => raw('x'))]), '/blocks/0/rows/0'],
    ['more than 100 rows', table(Array.from({ length: 101 }, () => [raw('x')])), '/blocks/0/rows'],
    ['an empty cell', table([[raw('')]]), '/blocks/0/rows/0/0/text'],
    [
      'more than 10,000 characters in all',
      table(Array.from({ length: 11 }, () => [raw('x'.repeat(1_000))])),
      '/blocks',
    ],
    [
      'an alignment that is none',
      table([[raw('x')]], { column_settings: [{ align: 'top' }] }),
      '/blocks/0/column_settings/0/align',
    ],
  ])('refuses %s', (_, one, place) => {
    expect(places(one)).toContain(place);
  });

  it('stands in no modal', () => {
    const view = { type: 'modal', title: { type: 'plain_text', text: 'Title' }, blocks: [table([[raw('x')]])] };
    expect(checkView(view).map(({ pointer }) => pointer)).toContain('/view/blocks/0/type');
  });
});
