/** A calendar file of a freeze changes while two servers run: it is one event of the audit log and one message to the admins. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf } from '../support/story.ts';

const rulesOf = (file: string): string => `
rules:
  - name: No writes at peak
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    deny: Not now.
  - name: An owner agrees
    approvals: [{ from: owners }]
freezes: { peak: { ics: "${file}" } }
admins: [security]
`;

const calendar = (from: string, to: string): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//acme//test',
    'BEGIN:VEVENT',
    'UID:peak',
    'DTSTAMP:20260101T000000Z',
    `DTSTART;VALUE=DATE:${from}`,
    `DTEND;VALUE=DATE:${to}`,
    'SUMMARY:Peak season',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const hexOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const FIRST = calendar('20301220', '20310104');
const SECOND = calendar('20301210', '20310104');

let folder: string;
let file: string;
let world: World;
let apps: AppProcess[];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-calendar-'));
  file = path.join(folder, 'peak.ics');
  writeFileSync(file, FIRST);
  world = await startWorld({ rules: rulesOf(file) });
  apps = await Promise.all([startProcess(world.env), startProcess(world.env)]);
}, 180_000);
afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const loaded = () =>
  world.sql<{ data: Record<string, unknown> }>(
    `select data::jsonb as data from audit_events where type = 'calendar.loaded' order by id`,
  );

/** A calendar is read in a thread beside the server, so each says nothing until it is. */
const readAgain = async (events: number): Promise<void> => {
  for (const app of apps) app.child.kill('SIGHUP');
  await expect.poll(loaded, { timeout: 120_000 }).toHaveLength(events);
};

test('a changed calendar is recorded once, with both hashes and its next time, and said to the admins', async () => {
  expect(await loaded()).toHaveLength(1);
  writeFileSync(file, SECOND);
  await readAgain(2);
  const [first, second] = await loaded();
  const common = { freeze: 'peak', times: 1, to: '2031-01-03T23:00:00.000Z' };
  expect(first?.data).toMatchObject({ ...common, sha256: hexOf(FIRST), before: null });
  expect(second?.data).toMatchObject({
    ...common,
    sha256: hexOf(SECOND),
    before: hexOf(FIRST),
    from: '2030-12-09T23:00:00.000Z',
  });
  const said = await storyOf(world).dm('sam', 'The calendar of a freeze changed');
  expect(JSON.stringify(said)).toContain(
    'Freeze peak: next from Tuesday 10 December 2030, 00:00 (Europe/Berlin) to Saturday 4 January 2031, 00:00 (Europe/Berlin) (Peak season)',
  );
  expect(await loaded()).toHaveLength(2);
});

test('a calendar that changes again is said in a message of its own, and the one before says so', async () => {
  writeFileSync(file, FIRST);
  await readAgain(3);
  expect(await loaded()).toHaveLength(3);
  const story = storyOf(world);
  await story.dm('sam', 'Friday 20 December 2030');
  await story.dm('sam', 'The calendar changed again.');
});
