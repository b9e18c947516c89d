/** Debian's Chromium, without a display, and windows in it that speak plainly when the page fails. */
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export type OpenOptions = BrowserContextOptions & { query?: string };

export type Windows = {
  /** A window of its own, as one person; `query` is added to the address. */
  open: (as: string, options?: OpenOptions) => Promise<Page>;
  /** What went wrong in any window: errors of the page, and whatever it wrote to its console as one. */
  problems: string[];
  closeAll: () => Promise<void>;
};

export const windowsOf = (browser: Browser, url: () => string): Windows => {
  const problems: string[] = [];
  const contexts: { close: () => Promise<void> }[] = [];
  return {
    problems,
    open: async (as, { query = '', ...options } = {}) => {
      const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, ...options });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (said) => {
        if (said.type() === 'error') problems.push(said.text());
      });
      await page.goto(`${url()}/?as=${as}${query}`);
      await page.getByRole('main').waitFor();
      return page;
    },
    closeAll: async () => {
      for (const context of contexts.splice(0)) await context.close();
    },
  };
};
