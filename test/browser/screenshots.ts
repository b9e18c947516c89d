/**
 * `npm run screenshots`: the real app in the demo, every kind of message in light, dark and on a phone, in `.data/screenshots/`; and the
 * README's animated picture, which is the tour. `-- --kinds` draws the kinds alone, without the demo.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { animatedPng } from './support/animated.ts';
import type { Frame } from './support/animated.ts';
import * as steps from './support/demo.ts';
import type { Demo } from './support/demo.ts';
import { drawingOf } from './support/drawing.ts';
import { startKinds } from './support/kinds.ts';

const folder = fileURLToPath(new URL('../../.data/screenshots/', import.meta.url));
const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const wide = { width: 1_280, height: 800 };
const FRAME_MS = 2_600;
const PACE_S = 2;

const shoot = async (page: Page, name: string): Promise<void> => {
  // A pointer over a message would draw its tools.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled', caret: 'hide' });
};

/** How each scene of the tour ends, in a window without the panel. */
const record = async (demo: Demo): Promise<void> => {
  const viewer = await demo.open('ana', { query: '&at=general', viewport: { width: 1_000, height: 640 } });
  const starter = await demo.open('ana', { query: '&at=general', viewport: wide });
  await steps.panel(starter).getByRole('button', { name: 'Watch the tour' }).click();
  await starter.context().close();
  const count = viewer.locator('.tour-count');
  const end = viewer.getByRole('dialog', { name: 'Now for real' });
  await count.waitFor();
  const frames: Frame[] = [];
  let scene = '';
  let latest: Buffer = Buffer.alloc(0);
  while (!(await end.isVisible())) {
    const now = await count.textContent({ timeout: 1_000 }).catch(() => null);
    if (now === null) continue;
    if (scene !== '' && now !== scene) frames.push({ png: latest, ms: FRAME_MS });
    scene = now;
    latest = await viewer.screenshot({ animations: 'disabled', caret: 'hide' });
  }
  frames.push(
    { png: latest, ms: FRAME_MS },
    { png: await viewer.screenshot({ animations: 'disabled' }), ms: FRAME_MS },
  );
  writeFileSync(`${images}tour.png`, animatedPng(frames));
  await end.getByRole('button', { name: 'Try it yourself' }).click();
};

/** Beside what the tour leaves: one that waits, break-glass, and an alert. */
const seed = async (demo: Demo): Promise<void> => {
  const ana = await demo.open('ana', { query: '&at=prod-access', viewport: wide });
  await steps.typeLine(ana, '/prod-access orders-db write 5m repair order 1183 by hand, with Dana watching');
  const waits = steps.messageWith(ana, 'repair order 1183 by hand');
  await waits.getByRole('button', { name: 'Approve', exact: true }).waitFor();
  await ana.setViewportSize({ width: 1_160, height: 800 });
  writeFileSync(`${images}approval.svg`, await drawingOf(waits, 760));
  const kim = await demo.open('kim', { query: '&at=@latchkey', viewport: wide });
  await steps.panel(kim).getByRole('button', { name: 'Fire an alert' }).click();
  await steps
    .words(kim, /p99 of checkout/)
    .first()
    .waitFor();
  const channel = await demo.open('kim', { query: '&at=prod-access', viewport: wide });
  await steps.typeLine(channel, '/prod-access break-glass orders-db write 5m checkout is down');
  const asked = channel.getByRole('dialog');
  await asked.getByRole('button', { name: 'Take access now' }).waitFor();
  await shoot(channel, 'break-glass');
  await asked.getByRole('button', { name: 'Take access now' }).click();
  await channel.getByRole('dialog', { name: 'Sent' }).waitFor();
  await channel.keyboard.press('Escape');
  await asked.waitFor({ state: 'detached' });
};

type Look = { name: string; viewport: typeof wide; colorScheme: 'light' | 'dark' };
const looks: Look[] = [
  { name: 'light', viewport: wide, colorScheme: 'light' },
  { name: 'dark', viewport: wide, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
];

/** Without the panel beside it. */
const KIND_WIDTH = 1_000;
const KIND_HEIGHT = 2_400;

const places: [name: string, who: string, query: string][] = [
  ['channel', 'dana', '&at=prod-access'],
  ['direct-ana', 'ana', '&at=@latchkey'],
  ['direct-kim', 'kim', '&at=@latchkey'],
  ['direct-sam', 'sam', '&at=@latchkey'],
  ['security', 'sam', '&at=security'],
  ['incident', 'kim', '&at=inc-1-orders'],
  ['home-ana', 'ana', '&at=@latchkey&tab=home'],
  ['home-dana', 'dana', '&at=@latchkey&tab=home'],
  ['home-kim', 'kim', '&at=@latchkey&tab=home'],
];

const gallery = async (demo: Demo, { name, viewport, colorScheme }: Look): Promise<void> => {
  for (const [place, who, query] of places) {
    const page = await demo.open(who, { query, viewport, colorScheme });
    await page
      .getByRole('main')
      .locator('.block')
      .first()
      .waitFor({ timeout: 5_000 })
      .catch(() => undefined);
    await shoot(page, `${name}-${place}`);
    await page.context().close();
  }
  const ana = await demo.open('ana', { query: '&at=general', viewport, colorScheme });
  await steps.typeLine(ana, '/prod-access help');
  await steps.words(ana, 'Only visible to you').last().waitFor();
  await shoot(ana, `${name}-help`);
  await steps.openForm(ana);
  await shoot(ana, `${name}-form`);
  await ana.keyboard.press('Escape');
  const kim = await demo.open('kim', { query: '&at=@latchkey', viewport, colorScheme });
  await steps.showCredentials(kim);
  await shoot(kim, `${name}-credentials`);
  await kim.keyboard.press('Escape');
  await demo.closeAll();
};

/** `--kinds incident alert` draws what begins so, and leaves the demo out. */
const [, , flag, ...chosen] = process.argv;
const isChosen = (kind: string): boolean => chosen.length === 0 || chosen.some((one) => kind.startsWith(one));

/** Each kind in each state: one picture of a kind, as long as it is. */
const drawKinds = async (): Promise<void> => {
  const stage = await startKinds();
  try {
    for (const kind of stage.kinds.filter(isChosen)) {
      for (const { name, viewport, colorScheme } of looks) {
        const long = { width: name === 'phone' ? viewport.width : KIND_WIDTH, height: KIND_HEIGHT };
        const { page } = await stage.look(kind, { viewport: long, colorScheme });
        await shoot(page, `kind-${kind.replaceAll(/[ _]/g, '-')}-${name}`);
        await page.context().close();
      }
    }
    if (stage.problems.length > 0) throw new Error(stage.problems.join('\n'));
  } finally {
    await stage.stop();
  }
};

const drawDemo = async (): Promise<void> => {
  const demo = await steps.startDemo(PACE_S);
  try {
    await record(demo);
    await seed(demo);
    for (const look of looks) await gallery(demo, look);
  } finally {
    await demo.stop();
  }
  if (demo.problems.length > 0) throw new Error(demo.problems.join('\n'));
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await drawKinds();
if (flag !== '--kinds') await drawDemo();
