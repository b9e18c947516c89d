import { describe, expect, it } from 'vitest';
import { DomainError, ERROR_CODES } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { explainError, forField, sentenceOf } from '../../src/slack/errors.ts';

describe('every refusal', () => {
  it.each(ERROR_CODES)('%s is a sentence for people, with facts and without', (code) => {
    const bare = sentenceOf(new DomainError(code));
    const hostile = {
      target: '<!channel>`x`',
      id: '<!here>',
      labels: ['<@U1>'],
      by: '<!everyone>',
      message: '<!channel>',
      what: '&',
    };
    for (const sentence of [bare, sentenceOf(new DomainError(code, hostile))]) {
      expect(sentence).toMatch(/^[A-Z9`0-9].*[.?!]$/s);
      expect(sentence).not.toMatch(/undefined|null|NaN|\[object|<!|<@/);
      expect((sentence.match(/`/g) ?? []).length % 2).toBe(0);
      const parts = sentence.split(/(?<=[.!?:;])\s/);
      expect(parts.filter((part) => part.split(/\s+/).length > 28)).toEqual([]);
      expect(forField(sentence)).not.toMatch(/`|&lt;/);
    }
  });

  it('that nobody foresaw has an id, which the log has too', () => {
    const lines: string[] = [];
    const log = createLog('error', { write: (line: string) => void lines.push(line) });
    const sentence = explainError(new Error('a secret detail'), log);
    const id = /error (\w+)\)/.exec(sentence)?.[1] ?? '';
    expect(id).toMatch(/^\w{6}$/);
    expect(sentence).not.toContain('secret');
    expect(lines.join()).toContain(id);
  });
});
