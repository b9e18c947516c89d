/** Inputs for the doors: what is valid, changed in a few places, beside text that is made of the pieces which parsers look for. */
import fc from 'fast-check';

/** What ends, begins or escapes something in one of our languages, or draws nothing. */
const SHARP = [
  ...['<!channel>', '<!here|x>', '<!subteam^S1>', '<@U0EVIL>', '<@U0EVIL|eve>', '<#C1|general>', '&lt;!channel&gt;'],
  ...['<https://evil.test|click>', '`', '```', '*', '_', '~', '>', '&', '&amp;', '"', "'", '\\', '\u0000', '\u0007'],
  ...[
    '\n',
    '\r\n',
    '\t',
    ' ',
    '\u00a0',
    '\u2028',
    '\u202e',
    '\u200b',
    '\ufeff',
    '\ud800',
    '\udc00',
    '𝒳',
    'é',
    'ß',
    'İ',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '../../etc/passwd', "'; drop table grants; --", '$1'],
  ...[
    '${SLACK_BOT_TOKEN}',
    '%00',
    '%s',
    '{{',
    '}}',
    '[',
    ']',
    '(',
    ')',
    '^',
    '$',
    '+',
    '-',
    '/',
    '|',
    ':',
    ';',
    ',',
    '.',
  ],
  ...['0', '-1', '1e999', '9'.repeat(40), 'NaN', 'null', 'true', '[]', '{}'],
];

type Edit = { at: number; length: number; times: number; piece: string };

const edits = (words: readonly string[]): fc.Arbitrary<Edit[]> =>
  fc.array(
    fc.record({
      at: fc.nat(10_000),
      length: fc.nat(12),
      times: fc.oneof(
        { arbitrary: fc.constant(1), weight: 20 },
        { arbitrary: fc.nat(8), weight: 6 },
        { arbitrary: fc.nat(2_000), weight: 1 },
      ),
      piece: fc.oneof(
        { arbitrary: fc.constantFrom(...SHARP, ...words), weight: 8 },
        { arbitrary: fc.string({ unit: 'binary', maxLength: 5 }), weight: 2 },
        { arbitrary: fc.constant(''), weight: 1 },
      ),
    }),
    { maxLength: 5 },
  );

/** Repeated pieces find expressions that go back and forth. */
const applied = (text: string, changes: readonly Edit[], max: number): string =>
  changes
    .reduce((now, { at, length, times, piece }) => {
      const place = now.length === 0 ? 0 : at % (now.length + 1);
      return now.slice(0, place) + piece.repeat(times) + now.slice(place + length);
    }, text)
    .slice(0, max);

type Texts = { seeds: readonly string[]; words?: readonly string[]; max?: number };

/** A seed with some edits, or words beside each other. */
export const textsLike = ({ seeds, words = [], max = 4_000 }: Texts): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...seeds), edits(words))
        .map(([seed, changes]) => applied(seed, changes, max)),
    },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.constantFrom(...words, ...SHARP), { maxLength: 14 })
        .map((parts) => parts.join(' ').slice(0, max)),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  );

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const isContainer = (value: Json): value is Json[] | { [key: string]: Json } =>
  typeof value === 'object' && value !== null;

/** Every place in a value: the containers, with a key each. */
const placesIn = (value: Json): [Json[] | { [key: string]: Json }, string][] =>
  isContainer(value)
    ? Object.entries(value).flatMap(([key, inner]) => [[value, key] as [typeof value, string], ...placesIn(inner)])
    : [];

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1e308, '', [], {}, [[]], '0001-01-01T00:00:00Z', '+275760-09-13T00:00:00Z'),
  fc.constantFrom<Json>(
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59+23:59',
    '0000-00-00T00:00:00Z',
    'javascript:alert(1)',
  ),
  fc.constantFrom(...SHARP),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer({ min: 1, max: 20_000 }).map((times) => 'a'.repeat(times)),
);

type Change = { at: number; how: 'replace' | 'remove' | 'add' | 'twice' | 'edit'; value: Json; key: string };

const change = (root: { in: Json }, { at, how, value, key }: Change): void => {
  const places = placesIn(root);
  const [container, name] = places[at % places.length] ?? [root, 'in'];
  const fresh = structuredClone(value);
  const slots = container as { [key: string]: Json };
  const now = slots[name] ?? null;
  const put = (next: Json): void => {
    Object.defineProperty(slots, name, { value: next, enumerable: true, writable: true, configurable: true });
  };
  if (how === 'remove' && !Array.isArray(container)) delete slots[name];
  else if (how === 'add' && isContainer(now) && !Array.isArray(now))
    Object.defineProperty(now, key, { value: fresh, enumerable: true, writable: true, configurable: true });
  else if (how === 'twice') put(Array.isArray(now) ? [...now, ...now] : [now]);
  else if (how === 'edit' && typeof now === 'string')
    put(now.slice(0, at % (now.length + 1)) + key + now.slice(at % 7));
  else put(fresh);
};

/** JSON like one of the seeds, with up to four places changed. */
export const jsonLike = (seeds: readonly string[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(
        fc.record({
          at: fc.nat(5_000),
          how: fc.constantFrom('replace', 'remove', 'add', 'twice', 'edit'),
          value: odd,
          key: fc.constantFrom(...SHARP),
        }),
        { maxLength: 4 },
      ),
    )
    .map(([seed, changes]) => {
      const root = { in: JSON.parse(seed) as Json };
      for (const one of changes) change(root, one);
      return root.in ?? null;
    });
