/** What the PDF shows of names that its fonts do not know. */
import { expect, test } from 'vitest';
import type { GrantFacts } from '../../../src/application/evidence/evidence-facts.ts';
import { reportPdf } from '../../../src/bundles/report-pdf.ts';
import { pdfText } from '../../support/pdf.ts';

const AT = '2026-11-29T12:00:00.000000Z';
const ABOUT = { origin: 'a.test', vkeys: [], madeAt: AT, checkpoint: 'a.test\n1\nAA==\n', isRedacted: false };

const factsOf = (name: string): GrantFacts => ({
  ...{ grant: 'abc', request: 'def', target: 'orders-db', role: 'read', requestedAt: AT, approvedAt: AT },
  ...{ activeAt: AT, removedAt: AT, lateMs: 0, cause: 'expired', durationMs: 60_000, isBreakGlass: false },
  ...{ rule: 'One', statements: '2 statements, complete', policySha256: '00', events: [] },
  people: { requester: { id: 'U1', name, email: null }, reason: 'a look', ticket: null, votes: [] },
});

const shown = async (name: string): Promise<string> => pdfText(await reportPdf(factsOf(name), ABOUT));
const LOSSY = 'do not have every letter';

test.each(['愛達', 'Ada 🚀'])('says that letters of %s are not shown', async (name) => {
  expect(await shown(name)).toContain(LOSSY);
});

test.each(['Zoë Müller', 'Ада Лавлейс', 'Άδα', 'Łukasz', 'Ada\nLovelace'])(
  'shows %j, and says nothing',
  async (name) => {
    const text = await shown(name);
    expect(text).toContain(name.replace('\n', ' ⏎ '));
    expect(text).not.toContain(LOSSY);
  },
);

test('a long text is shown to its end, over pages', async () => {
  const long = Array.from({ length: 3_000 }, (_, index) => `word${index}`).join(' ');
  const text = (await shown(long)).replaceAll(/\s/g, '');
  expect(text).toContain(['word0', 'word1', 'word2'].join(''));
  expect(text).toContain('word2999');
});

test('each page says which it is, of how many', async () => {
  const long = Array.from({ length: 3_000 }, (_, index) => `word${index}`).join(' ');
  const pages = [...(await shown(long)).matchAll(/Page (\d+) of (\d+)/g)].map(([, page, of]) => [
    Number(page),
    Number(of),
  ]);
  expect(pages.length).toBeGreaterThan(2);
  const numbers = Array.from({ length: pages.length }, (_, index) => [index + 1, pages.length]);
  expect(pages).toHaveLength(numbers.length);
  expect(pages).toEqual(expect.arrayContaining(numbers));
});
