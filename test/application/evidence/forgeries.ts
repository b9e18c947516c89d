/** Bundles that were forged: by somebody who has one, or by an insider who has the key of the log as well. */
import { signNote } from '../../../src/lib/transparency/note.ts';
import type { Signer } from '../../../src/lib/transparency/note.ts';
import { signAgain, textOf } from './bundle-rig.ts';
import type { Files, Given } from './bundle-rig.ts';
import { ORIGIN } from './rig.ts';

type World = {
  bundle: Files;
  laterBundle: Files;
  other: Given;
  signers: readonly Signer[];
  strangers: readonly Signer[];
};

let bundle: Files = {};
let laterBundle: Files = {};
let other: Given;
let signers: readonly Signer[];
let strangers: readonly Signer[];

export const setForgeryWorld = (world: World): void => {
  ({ bundle, laterBundle, other, signers, strangers } = world);
};

type Line = { seq: number; open: Record<string, string>; personal: Record<string, string> };

export const linesOf = (files: Files): Line[] =>
  textOf(files, 'events.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const put = (files: Files, name: string, text: string): Files => ({ ...files, [name]: Buffer.from(text) });
const putLines = (files: Files, lines: readonly Line[]): Files =>
  put(files, 'events.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
const without = (files: Files, name: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([known]) => known !== name));
const proofName = (index: number): string => `proofs/${linesOf(bundle)[index]?.seq}.tlog-proof`;
/** The event at `index` changed; 4 is the grant's second. */
const withLine = (index: number, change: (line: Line) => Line): Files =>
  putLines(
    bundle,
    linesOf(bundle).map((line, at) => (at === index ? change(line) : line)),
  );
const withProof = (index: number, change: (text: string) => string): Files =>
  put(bundle, proofName(index), change(textOf(bundle, proofName(index))));
const dropped = (index: number): Files =>
  without(
    putLines(
      bundle,
      linesOf(bundle).filter((_, at) => at !== index),
    ),
    proofName(index),
  );
const withCheckpoint = (checkpoint: string): Files =>
  Object.fromEntries(
    Object.entries(bundle).map(([name, data]) => {
      if (name === 'checkpoint') return [name, Buffer.from(checkpoint)];
      if (!name.startsWith('proofs/')) return [name, data];
      const [head = ''] = Buffer.from(data).toString('utf8').split('\n\n');
      return [name, Buffer.from(`${head}\n\n${checkpoint}`)];
    }),
  );
const withJson = (name: string, changes: object): Files =>
  put(bundle, name, JSON.stringify({ ...(JSON.parse(textOf(bundle, name)) as object), ...changes }));
const firstLines = (text: string, change: (lines: string[]) => string[]): string => change(text.split('\n')).join('\n');
const replaced = (text: string, from: string | RegExp, to: string): string => text.replace(from, to);

/** `again`: signed again with the log's own key, as an insider can; else as somebody can who has the bundle alone. */
type Forgery = { what: string; reason: RegExp; forge: () => Files | Promise<Files>; how: 'again' | 'as it is' };

type Row = readonly [what: string, reason: RegExp, forge: Forgery['forge'], how: Forgery['how']];

const ROWS: readonly Row[] = [
  [
    'an open text',
    /is not in the log: it was changed/,
    () =>
      withLine(4, (line) => ({
        ...line,
        open: { ...line.open, text: replaced(line.open['text'] ?? '', '"read"', '"root"') },
      })),
    'again',
  ],
  [
    'a personal text',
    /is not in the log: it was changed/,
    () =>
      withLine(0, (line) => ({
        ...line,
        personal: { ...line.personal, text: replaced(line.personal['text'] ?? '', 'OPS-1', 'OPS-2') },
      })),
    'again',
  ],
  [
    'a white space in a text',
    /is not in the log: it was changed/,
    () => withLine(0, (line) => ({ ...line, personal: { ...line.personal, text: ` ${line.personal['text']}` } })),
    'again',
  ],
  [
    'the salt of an open text',
    /is not in the log: it was changed/,
    () => withLine(2, (line) => ({ ...line, open: { ...line.open, salt: Buffer.alloc(32).toString('base64') } })),
    'again',
  ],
  [
    'the salt of a personal text',
    /is not in the log: it was changed/,
    () =>
      withLine(2, (line) => ({ ...line, personal: { ...line.personal, salt: Buffer.alloc(32).toString('base64') } })),
    'again',
  ],
  [
    'a salt that is too short',
    /a salt of event \d+ is not 32 bytes/,
    () => withLine(2, (line) => ({ ...line, open: { ...line.open, salt: 'AAAA' } })),
    'again',
  ],
  [
    'a salt that is no base64',
    /is no base64/,
    () => withLine(2, (line) => ({ ...line, open: { ...line.open, salt: '!' } })),
    'again',
  ],
  [
    'a commitment in place of a text that is another',
    /is not in the log: it was changed/,
    () => withLine(2, (line) => ({ ...line, personal: { commitment: Buffer.alloc(32).toString('base64') } })),
    'again',
  ],
  [
    'a commitment that is too short',
    /a commitment of event \d+ is not 32 bytes/,
    () => withLine(2, (line) => ({ ...line, personal: { commitment: 'AAAA' } })),
    'again',
  ],
  [
    'an open text that is left out',
    /the open text of event \d+ is missing/,
    () => withLine(2, (line) => ({ ...line, open: { commitment: Buffer.alloc(32).toString('base64') } })),
    'again',
  ],
  [
    'an event of the grant that is left out with its proof',
    /events are missing: grantEvent/,
    () => dropped(4),
    'again',
  ],
  [
    'an event of the request that is left out with its proof',
    /events are missing: requestEvent/,
    () => dropped(1),
    'again',
  ],
  ['the first event that is left out', /events are missing: requestEvent/, () => dropped(0), 'again'],
  [
    'the removal that is left out',
    /events are missing: grantEvent|no event says that the access was removed/,
    () => dropped(6),
    'again',
  ],
  [
    'an event that is left out and not its proof',
    /is about no event/,
    () => putLines(bundle, linesOf(bundle).slice(0, -1)),
    'again',
  ],
  [
    'an event that stands twice',
    /stands twice/,
    () =>
      putLines(
        bundle,
        linesOf(bundle).flatMap((line, at) => (at === 3 ? [line, line] : [line])),
      ),
    'again',
  ],
  ['events in another order', /is not in order/, () => putLines(bundle, linesOf(bundle).toReversed()), 'again'],
  [
    'a number of an event',
    /proofs\/\d+\.tlog-proof is missing/,
    () => withLine(8, (line) => ({ ...line, seq: line.seq + 1000 })),
    'again',
  ],
  ['a proof that is missing', /proofs\/\d+\.tlog-proof is missing/, () => without(bundle, proofName(3)), 'again'],
  [
    'the proof of another event',
    /is not in the log: it was changed, or the proof is of another event/,
    () => put(bundle, proofName(3), textOf(bundle, proofName(4))),
    'again',
  ],
  [
    'the place of all proofs',
    /is not in the log/,
    () =>
      linesOf(bundle).reduce(
        (files, _, at) =>
          put(files, proofName(at), replaced(textOf(bundle, proofName(at)), /index (\d+)/, 'index 1$1')),
        bundle,
      ),
    'again',
  ],
  [
    'the numbers of all events, so that an erasure seems to have been of them',
    /numbers of the events are lower than their places in the log/,
    () => {
      const lines = linesOf(bundle);
      const least = (lines[0]?.seq ?? 0) - 1;
      const rest = Object.entries(bundle).filter(([name]) => !name.startsWith('proofs/'));
      const proofs = lines.map(({ seq }, at) => [`proofs/${seq - least}.tlog-proof`, bundle[proofName(at)]] as const);
      const moved = lines.map((line) => ({ ...line, seq: line.seq - least }));
      const facts = JSON.parse(textOf(bundle, 'grant.json')) as { events: { seq: number }[] };
      const events = facts.events.map((event) => ({ ...event, seq: event.seq - least }));
      const files = putLines(Object.fromEntries([...rest, ...proofs]) as Files, moved);
      return put(files, 'grant.json', JSON.stringify({ ...facts, events }));
    },
    'again',
  ],
  [
    'a number that is none',
    /an event has no number/,
    () =>
      putLines(
        bundle,
        linesOf(bundle).map((line) => ({ ...line, seq: line.seq + 0.5 })),
      ),
    'again',
  ],
  [
    'a path that is cut',
    /its path is too short/,
    () => withProof(3, (text) => firstLines(text, (lines) => lines.toSpliced(2, 1))),
    'again',
  ],
  [
    'a path that is longer',
    /its path is too long/,
    () =>
      withProof(3, (text) =>
        firstLines(text, (lines) => lines.toSpliced(2, 0, lines[2] ?? '', lines[3] ?? '', lines[2] ?? '')),
      ),
    'again',
  ],
  [
    'a proof of another bundle',
    /is a proof for another checkpoint/,
    () => withProof(3, (text) => `${text.split('\n\n')[0]}\n\n${textOf(laterBundle, 'checkpoint')}`),
    'again',
  ],
  ['a shorter tree', /the tree of the checkpoint has 3 leaves/, async () => withCheckpoint(await shorter()), 'again'],
  [
    'the size of the checkpoint',
    /the signature of checkpoint by .* does not hold/,
    () =>
      withCheckpoint(
        firstLines(textOf(bundle, 'checkpoint'), ([origin = '', size, ...rest]) => [
          origin,
          `${Number(size) + 1}`,
          ...rest,
        ]),
      ),
    'again',
  ],
  [
    'the root of the checkpoint',
    /the signature of checkpoint by .* does not hold/,
    () =>
      withCheckpoint(
        firstLines(textOf(bundle, 'checkpoint'), ([origin = '', size = '', , ...rest]) => [
          origin,
          size,
          Buffer.alloc(32).toString('base64'),
          ...rest,
        ]),
      ),
    'again',
  ],
  [
    'a checkpoint without its signature',
    /checkpoint is no signed note|not signed by/,
    () => withCheckpoint(`${textOf(bundle, 'checkpoint').split('\n\n')[0]}\n`),
    'again',
  ],
  [
    'the policy',
    /policy.yml is not the policy of the decision/,
    () => put(bundle, 'policy.yml', 'version: 1\n'),
    'again',
  ],
  [
    'the answer of the target',
    /readback.json is not what the event/,
    () => withJson('readback.json', { answer: 'present' }),
    'again',
  ],
  [
    'the time of the answer',
    /readback.json is not what the event/,
    () => withJson('readback.json', { at: '2026-01-01T00:00:00.000000Z' }),
    'again',
  ],
  [
    'the answer about another grant',
    /readback.json is about another grant/,
    () => withJson('readback.json', { grant: other.grant }),
    'again',
  ],
  [
    'the target in the facts',
    /grant.json does not say what the events say/,
    () => withJson('grant.json', { target: 'billing-db' }),
    'again',
  ],
  [
    'the grant in the facts',
    /grant.json is about another grant/,
    () => withJson('grant.json', { grant: other.grant }),
    'again',
  ],
  [
    'facts that name nobody',
    /grant.json names nobody, and the events do/,
    () => withJson('grant.json', { people: null }),
    'again',
  ],
  ['a file that is missing', /readback.json is missing/, () => without(bundle, 'readback.json'), 'again'],
  [
    'a changed file',
    /report.html is not the file that manifest.json lists/,
    () => put(bundle, 'report.html', '<p>all is well</p>'),
    'as it is',
  ],
  ['a file that was put in', /more.txt is not in manifest.json/, () => put(bundle, 'more.txt', 'x'), 'as it is'],
  ['a file that was taken out', /report.pdf is missing/, () => without(bundle, 'report.pdf'), 'as it is'],
  [
    'another manifest',
    /manifest.note is about another manifest.json/,
    () => withJson('manifest.json', { isRedacted: true }),
    'as it is',
  ],
  ['no note', /manifest.note is missing/, () => without(bundle, 'manifest.note'), 'as it is'],
  [
    'a signature of the note',
    /the signature of manifest.note by .* does not hold/,
    () => put(bundle, 'manifest.note', replaced(textOf(bundle, 'manifest.note'), /([0-9a-f])\n\n/, 'x\n\n')),
    'as it is',
  ],
  [
    'all of it signed by another key',
    /manifest.note is not signed by the key that was given/,
    () => signAgain(bundle, strangers),
    'as it is',
  ],
];

const shorter = async (): Promise<string> => {
  return signNote(`${ORIGIN}\n3\n${Buffer.alloc(32).toString('base64')}\n`, signers);
};

export const FORGED: readonly Forgery[] = ROWS.map(([what, reason, forge, how]) => ({ what, reason, forge, how }));
