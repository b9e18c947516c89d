/** What the PDF shows of names that its fonts do not know. */
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { GrantFacts } from '../../../src/application/evidence/evidence-facts.ts';
import { reportPdf } from '../../../src/bundles/report-pdf.ts';

const AT = '2026-11-29T12:00:00.000000Z';
const ABOUT = { origin: 'a.test', vkeys: [], madeAt: AT, checkpoint: 'a.test\n1\nAA==\n', isRedacted: false };

const factsOf = (name: string): GrantFacts => ({
  ...{ grant: 'abc', request: 'def', target: 'orders-db', role: 'read', requestedAt: AT, approvedAt: AT },
  ...{ activeAt: AT, removedAt: AT, lateMs: 0, cause: 'expired', durationMs: 60_000, isBreakGlass: false },
  ...{ rule: 'One', policySha256: '00', events: [] },
  people: { requester: { id: 'U1', name, email: null }, reason: 'a look', ticket: null, votes: [] },
});

/** The text of all pages: the strings of the content streams, which are in hexadecimal digits. */
const shown = (pdf: Buffer): string =>
  [...pdf.toString('latin1').matchAll(/FlateDecode\n?>>\nstream\n([\s\S]*?)\nendstream/g)]
    .map(([, data = '']) => inflateSync(Buffer.from(data, 'latin1')).toString('latin1'))
    .flatMap((content) => [...content.matchAll(/<([0-9a-f]+)>/g)])
    .map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))
    .join('');

test.each(['Ада Лавлейс', '愛達', 'Łukasz', 'Ada 🚀'])('says that letters of %s are not shown', async (name) => {
  const text = shown(await reportPdf(factsOf(name), ABOUT));
  expect(text).toContain('report.html and grant.json have each name');
});

test.each(['Zoë Müller', 'Ada\nLovelace'])('shows %j, and says nothing', async (name) => {
  const text = shown(await reportPdf(factsOf(name), ABOUT));
  expect(text).toContain(name.replace('\n', ' '));
  expect(text).not.toContain('report.html and grant.json have each name');
});
