/** Every kind of message on a phone: nothing hangs over the edge, and each button is reached by thumb and by keyboard, and has a name. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startKinds } from './support/kinds.ts';
import type { Kinds } from './support/kinds.ts';
import { notTappable, PHONE } from './support/taps.ts';
import { EVERY } from '../slack/every-message.ts';

let stage: Kinds;
beforeAll(async () => {
  stage = await startKinds();
}, 120_000);
afterAll(() => stage.stop());

const KINDS = [...new Set(EVERY.map(([kind]) => kind))];

it.each(KINDS)('%s fits a phone, and its buttons are reached by keyboard', { timeout: 120_000 }, async (kind) => {
  const { page, messages } = await stage.look(kind, { viewport: PHONE });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
  const buttons = messages.locator('.block').getByRole('button');
  expect(await notTappable(buttons)).toEqual([]);
  for (const button of await buttons.all()) {
    expect(await button.textContent()).toMatch(/\w/);
    await button.focus();
    expect(
      await button.evaluate(
        (node) => node === (node as { ownerDocument: { activeElement: unknown } }).ownerDocument.activeElement,
      ),
    ).toBe(true);
    expect(await button.evaluate((node) => (node as unknown as { tabIndex: number }).tabIndex)).toBe(0);
  }
  for (const picture of await messages.locator('.block img').all())
    expect(await picture.getAttribute('alt')).toMatch(/\w/);
  expect(stage.problems).toEqual([]);
  await page.context().close();
});
