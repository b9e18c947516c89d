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
    '修复订单数据库中重复扣款的记录',
    '修復訂單資料庫的重複扣款',
    '注文の重複を手で直す作業',
    '주문 중복 결제를 직접 수정',
    'ซ่อมคำสั่งซื้อที่ถูกหักเงินซ้ำในฐานข้อมูล',
    'ऑर्डर डेटाबेस में दोहरा भुगतान ठीक करना है',
    'إصلاح الطلبات المكررة في قاعدة البيانات',
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
    '修修修修修修修修修修修修修修修修修修修修',
    '修复修复修复修复修复修复修复修复修复修复',
    '修复',
    'a\u0301\u0302\u0303\u0301\u0302\u0303\u0301\u0302\u0303\u0301\u0302\u0303\u0301\u0302\u0303\u0301\u0302\u0303\u0301\u0302',
    '👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦 fix',
    'fixxxxxxxxxxxxxxxxxxxxxxxxx',
    'fix........................',
    'fix\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b',
  ])('is not %s', (reason) => expect(realChars(reason)).toBeLessThan(20));

  it('is judged in no time, however long and odd the text', { timeout: 30_000 }, () => {
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
