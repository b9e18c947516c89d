import { describe, expect, it } from 'vitest';
import { escape, parseInline, parseMrkdwn, plainWords } from '../../../sandbox/src/page/text/mrkdwn.ts';

const text = (words: string) => ({ is: 'text', text: words });

describe('formatting', () => {
  it('draws bold, italics, strike and code, also inside each other', () => {
    expect(parseInline('*a _b_* ~c~ `*d*`')).toEqual([
      { is: 'bold', of: [text('a '), { is: 'italic', of: [text('b')] }] },
      text(' '),
      { is: 'strike', of: [text('c')] },
      text(' '),
      { is: 'code', text: '*d*' },
    ]);
  });

  it.each(['2 * 3 * 4', 'snake_case_name', 'a*b*c', '* not bold*', '*open', '~~', '*a\nb*'])(
    'leaves %j as it is',
    (words) => {
      const drawn = parseInline(words);
      expect(plainWords(drawn, () => '?')).toBe(words.replace('\n', ' '));
      expect(drawn.some((node) => ['bold', 'italic', 'strike'].includes(node.is))).toBe(false);
    },
  );

  it('takes fences, quotes and lists apart from lines', () => {
    expect(parseMrkdwn('before\n```\nselect *\n  from x\n```\nafter')).toEqual([
      { is: 'lines', of: [text('before')] },
      { is: 'pre', text: 'select *\n  from x' },
      { is: 'lines', of: [text('after')] },
    ]);
    expect(parseMrkdwn('&gt;said\n> again\nmine')).toEqual([
      { is: 'quote', of: [{ is: 'lines', of: [text('said'), { is: 'break' }, text('again')] }] },
      { is: 'lines', of: [text('mine')] },
    ]);
    expect(parseMrkdwn('• one\n- two\n3. three')).toEqual([
      { is: 'item', marker: '•', of: [text('one')] },
      { is: 'item', marker: '•', of: [text('two')] },
      { is: 'item', marker: '3.', of: [text('three')] },
    ]);
  });
});

describe('what stands in angle brackets', () => {
  it('knows people, channels, groups and everybody', () => {
    expect(parseInline('<@U1><#C1|general><!subteam^S1|@sre><!here>')).toEqual([
      { is: 'person', id: 'U1', label: undefined },
      { is: 'channel', id: 'C1', label: 'general' },
      { is: 'group', id: 'S1', label: '@sre' },
      { is: 'everyone', label: '@here' },
    ]);
  });

  it('reads dates with their fallback, and links with their words', () => {
    expect(parseInline('<!date^1763824500^{date_short} at {time}^https://a.test/|later>')).toEqual([
      { is: 'date', atS: 1_763_824_500, format: '{date_short} at {time}', url: 'https://a.test/', fallback: 'later' },
    ]);
    expect(parseInline('<https://a.test/?x=1&amp;y=2|a &amp; b>')).toEqual([
      { is: 'link', url: 'https://a.test/?x=1&y=2', label: 'a & b' },
    ]);
  });

  it('finds bare addresses, without the full stop after them', () => {
    expect(parseInline('see https://a.test/b.')).toEqual([
      text('see '),
      { is: 'link', url: 'https://a.test/b', label: 'https://a.test/b' },
      text('.'),
    ]);
  });
});

describe('hostile text', () => {
  it.each(['<javascript:alert(1)|click>', '<data:text/html,x|click>', '<file:///etc/passwd>', '<vbscript:x>'])(
    'makes no link of %s',
    (words) => {
      expect(parseInline(words).map((node) => node.is)).toEqual(['text']);
    },
  );

  it('keeps markup as words', () => {
    expect(parseInline('&lt;img src=x onerror=alert(1)&gt;')).toEqual([text('<img src=x onerror=alert(1)>')]);
    expect(parseInline('<img src=x onerror=alert(1)>')).toEqual([text('<img src=x onerror=alert(1)>')]);
  });

  it('reads an entity once only: what was escaped twice stays escaped', () => {
    expect(parseInline('&amp;lt;b&amp;gt;')).toEqual([text('&lt;b&gt;')]);
    expect(parseInline(escape('<@U1> & *b'))).toEqual([text('<@U1> & *b')]);
  });

  it('is quick on marks that never close', () => {
    const startedAt = performance.now();
    parseMrkdwn('*a '.repeat(1_000) + '<'.repeat(1_000) + '`'.repeat(999) + '_'.repeat(1_000));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
