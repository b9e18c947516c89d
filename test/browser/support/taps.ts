/** A phone in somebody's hand: what is tapped is counted by the page itself, and what cannot be tapped is named. */
import type { Locator, Page } from 'playwright-core';
import type { OpenOptions } from './browser.ts';

export const PHONE = { width: 390, height: 844 };

export const phone: OpenOptions = { viewport: PHONE, hasTouch: true, isMobile: true };

/** Clicks that a finger made: a key press has no detail, a script no trust. */
const COUNT = `window.taps = 0;
window.addEventListener('click', (event) => { if (event.isTrusted && event.detail > 0) window.taps += 1; }, true);`;

/** Taps since `count` began. */
type Taps = { made(): Promise<number> };

export const countTaps = async (page: Page): Promise<Taps> => {
  await page.evaluate(`if (window.taps === undefined) { ${COUNT} } else window.taps = 0;`);
  return { made: () => page.evaluate<number>('window.taps') };
};

type Drawn = {
  textContent: string | null;
  scrollWidth: number;
  clientWidth: number;
  scrollIntoView(how: object): void;
  getBoundingClientRect(): Record<'left' | 'right' | 'top' | 'bottom' | 'width' | 'height', number>;
  contains(other: unknown): boolean;
  ownerDocument: { documentElement: { clientWidth: number }; elementFromPoint(x: number, y: number): unknown };
};

/** Sentences, one for each of these buttons that cannot be tapped as it stands; whatever has to be scrolled to is. */
export const notTappable = (buttons: Locator): Promise<string[]> =>
  buttons.evaluateAll((nodes) =>
    (nodes as unknown as Drawn[]).flatMap((button) => {
      button.scrollIntoView({ block: 'center' });
      const { left, right, top, bottom, width, height } = button.getBoundingClientRect();
      const { documentElement } = button.ownerDocument;
      const hit = button.ownerDocument.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      const words = button.textContent ?? '';
      if (left < 0 || right > documentElement.clientWidth) return [`${words}: hangs over the edge`];
      if (width < 24 || height < 24) return [`${words}: is too small`];
      if (button.scrollWidth > button.clientWidth + 1) return [`${words}: its words are cut`];
      return button.contains(hit) ? [] : [`${words}: is covered`];
    }),
  );
