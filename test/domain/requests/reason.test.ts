import { describe, expect, it } from 'vitest';
import { plainText, realChars } from '../../../src/domain/requests/reason.ts';

describe('real text', () => {
  it.each([
    'repair order 1183 by hand',
    'restart the pod on the node',
    'customer 4711 cannot log in since the deploy',
    'Kunde sieht falsche Rechnungen',
    'checkout errors after release 5.2.1, see OPS-12',
    'Проверить заказ клиента в базе',
    'データベースの注文を手で直すために必要です',
  ])('%s', (reason) => expect(realChars(reason)).toBeGreaterThanOrEqual(20));

  it.each([
    '.',
    '....................................',
    '-- -- -- -- -- -- -- -- -- --',
    'asdfasdfasdfasdfasdfasdf',
    'asdf asdf qwer zxcv asdf qwer zxcv',
    'qwertyuiopasdfghjklzxcvbnm',
    'abcdefghijklmnopqrstuvwxyz',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'xyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxy',
    'a a a a a a a a a a a a a a a a',
    'test test test test test test test',
    '12345678901234567890123456',
    '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂',
    'fix\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b',
  ])('is not %s', (reason) => expect(realChars(reason)).toBeLessThan(20));

  it('is judged in no time, however long and odd the text', { timeout: 5_000 }, () => {
    for (const text of [
      'asd'.repeat(100_000),
      'a '.repeat(100_000),
      'qwertyui'.repeat(50_000),
      '\u200b'.repeat(200_000),
    ]) {
      expect(realChars(text)).toBeLessThan(20);
      expect(plainText(text).length).toBeLessThanOrEqual(text.length);
    }
  });

  it('loses invisible characters and line breaks', () => {
    expect(plainText(' a\u0000b\u200bc\r\n\td ')).toBe('a bc d');
  });
});
