/**
 * A second verifier of evidence, written from the format alone: it shares no code with what makes bundles, nor with verify.py.
 * It answers null when everything holds, else the first thing that does not.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

type Files = Record<string, Uint8Array>;
type Part = { text?: string; salt?: string; commitment?: string };
type Line = { seq: number; open: Part; personal: Part };
type Open = Record<string, unknown> & { data: Record<string, unknown> };

class Bad extends Error {}
const fail = (why: string): never => {
  throw new Bad(why);
};
const sha = (...parts: (string | Uint8Array)[]): Buffer =>
  parts.reduce((made, part) => made.update(part), createHash('sha256')).digest();
const utf8 = (data: Uint8Array | undefined, name: string): string =>
  data ? new TextDecoder('utf-8', { fatal: true }).decode(data) : fail(`no ${name}`);
const bytes = (text: string | undefined): Buffer => {
  const data = Buffer.from(text ?? '', 'base64');
  return text !== undefined && data.toString('base64') === text ? data : fail('base64');
};

const publicKeys = (vkeys: string, origin: string): Map<string, Buffer> =>
  new Map(
    vkeys
      .split('\n')
      .filter((line) => line.startsWith(`${origin}+`))
      .flatMap((line) => {
        // The key is base64, in which a plus is a letter like any other, also as the last one.
        const [, keyId, ...key] = line.split('+');
        const raw = bytes(key.join('+'));
        const id = sha(`${origin}\n`, raw).subarray(0, 4).toString('hex');
        return raw[0] === 1 && keyId === id ? [[id, raw.subarray(1)] as const] : [];
      }),
  );

/** A key by its vkey, and the size of the log up to which it counts. */
export type RevokedKey = { vkey: string; size: number };

/** Keys without those that were revoked before the log had so many leaves. */
const unrevoked = (keys: Map<string, Buffer>, revoked: readonly RevokedKey[], size: number): Map<string, Buffer> => {
  const gone = new Set(revoked.filter((one) => size > one.size).map(({ vkey }) => vkey.split('+')[1]));
  const left = new Map([...keys].filter(([id]) => !gone.has(id)));
  return left.size === 0 && keys.size > 0 ? fail('revoked key') : left;
};

const signedText = (note: string, origin: string, keys: Map<string, Buffer>): string => {
  const at = note.lastIndexOf('\n\n');
  if (at < 0) fail('note');
  const text = note.slice(0, at + 1);
  let good = 0;
  for (const line of note
    .slice(at + 2)
    .trimEnd()
    .split('\n')) {
    const [dash, name, encoded] = line.split(' ');
    if (dash !== '\u2014') fail('signature line');
    const data = bytes(encoded);
    const raw = keys.get(data.subarray(0, 4).toString('hex'));
    if (name !== origin || !raw) continue;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
    if (!verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), data.subarray(4)))
      fail('signature');
    good += 1;
  }
  return good > 0 ? text : fail('unsigned');
};

/** By recursion over the tree, as RFC 6962 defines it. */
type Place = { index: number; size: number };

const rootOf = (leaf: Buffer, { index, size }: Place, path: Buffer[]): Buffer => {
  if (size === 1) return path.length === 0 ? leaf : fail('path too long');
  const sibling = path.at(-1) ?? fail('path too short');
  let half = 1;
  while (half * 2 < size) half *= 2;
  const rest = path.slice(0, -1);
  return index < half
    ? sha(Buffer.from([1]), rootOf(leaf, { index, size: half }, rest), sibling)
    : sha(Buffer.from([1]), sibling, rootOf(leaf, { index: index - half, size: size - half }, rest));
};

const committed = ({ text, salt, commitment }: Part, tag: string): Buffer => {
  if (commitment !== undefined) return bytes(commitment);
  const salted = bytes(salt);
  return salted.length === 32 && text !== undefined ? sha(tag, salted, text) : fail('salt');
};

const checkFiles = (files: Files, manifest: { files: { name: string; sha256: string; size: number }[] }): void => {
  const names = manifest.files.map(({ name }) => name);
  if (new Set(names).size !== names.length) fail('listed twice');
  for (const { name, sha256, size } of manifest.files) {
    const data = files[name] ?? fail(`no ${name}`);
    if (data.length !== size || sha(data).toString('hex') !== sha256) fail(`file ${name}`);
  }
  const others = Object.keys(files).filter((name) => !names.includes(name));
  if (others.toSorted().join() !== 'manifest.json,manifest.note') fail('other files');
};

const checkLine = (files: Files, line: Line, tree: { size: number; root: Buffer }): number => {
  const proof = utf8(files[`proofs/${line.seq}.tlog-proof`], 'proof');
  const at = proof.indexOf('\n\n');
  if (proof.slice(at + 2) !== utf8(files['checkpoint'], 'checkpoint')) fail('other checkpoint');
  const [magic, index = '', ...path] = proof.slice(0, at).split('\n');
  if (magic !== 'c2sp.org/tlog-proof@v1' || !/^index \d+$/.test(index)) fail('proof');
  const leafIndex = Number(index.slice(6));
  if (leafIndex >= tree.size) fail('shorter tree');
  const entry = [
    committed(line.open, 'latchkey/event/open/v2'),
    committed(line.personal, 'latchkey/event/personal/v2'),
  ];
  if (
    !rootOf(sha(Buffer.from([0]), ...entry), { index: leafIndex, size: tree.size }, path.map(bytes)).equals(tree.root)
  )
    fail('not included');
  return leafIndex - line.seq;
};

const checkCounts = (opens: readonly Open[], grant: string, request: string): Open => {
  const count = (name: string, owner: string, id: string): void => {
    const numbers = opens.filter((open) => open[owner] === id).map((open) => open[name]);
    if (numbers.some((number, index) => number !== index + 1)) fail(`gap in ${name}`);
  };
  count('grantEvent', 'grantId', grant);
  count('requestEvent', 'requestId', request);
  if (opens.some((open) => open['grantId'] !== grant && open['requestId'] !== request)) fail('other grant');
  const [last, ...more] = opens.filter((open) => open['grantEventsTotal'] !== undefined);
  return last && more.length === 0 && last['grantEventsTotal'] === last['grantEvent'] ? last : fail('no removal');
};

/** Segments, each begun by a line with its salt; the log has the digest of each. What is left out is no fault, what is there and unknown is. */
const checkStatements = (files: Files, opens: readonly Open[], grant: string): void => {
  const of = (type: string): Open[] => opens.filter((open) => open['type'] === type && open['grantId'] === grant);
  const recorded = of('statements.recorded').map(({ data }) => data);
  const total = recorded.reduce((sum, data) => sum + Number(data['statements']), 0);
  if (of('statements.completed').some(({ data }) => data['statements'] !== total)) fail('number of statements');
  const file = files['statements.jsonl'];
  if (!file) return;
  const segments: { head: Record<string, unknown>; lines: string[] }[] = [];
  for (const line of utf8(file, 'statements').match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const head = JSON.parse(line) as Record<string, unknown>;
    if ('salt' in head) segments.push({ head, lines: [line] });
    else (segments.at(-1) ?? fail('statements without a segment')).lines.push(line);
  }
  let before = 0;
  for (const { head, lines } of segments) {
    const number = Number(head['segment']);
    const known = recorded.find((data) => data['segment'] === number) ?? fail('a segment that no event has');
    if (number <= before || head['grant'] !== grant) fail('segments');
    if (known['sha256'] !== sha(lines.join('')).toString('hex')) fail('a segment is not what was recorded');
    if (known['statements'] !== lines.length - 1) fail('statements of a segment');
    before = number;
  }
};

const SHOWN_RANGES = 5;

/** In words, how much of what was done the log has; null where nothing was recorded. */
const doneIn = (opens: readonly Open[], grant: string): string | null => {
  const of = opens.filter((open) => open['grantId'] === grant);
  const recorded = of.filter(({ type }) => type === 'statements.recorded').map(({ data }) => data);
  const isOver = of.some(({ type }) => type === 'statements.completed');
  if (recorded.length === 0 && !isOver) return null;
  const sum = (name: string): number => recorded.reduce((total, data) => total + Number(data[name] ?? 0), 0);
  const all = <T>(name: string): T[] => recorded.flatMap((data) => data[name] as T[]);
  const gaps = all<{ from: number; to: number; session: string }>('missing').map(({ from, to, session }) =>
    [
      from === to ? `line ${from}` : `lines ${from}–${to}`,
      ...(sum('sessions') > 1 ? [`of session ${session}`] : []),
    ].join(' '),
  );
  const shown = gaps.slice(0, SHOWN_RANGES);
  if (gaps.length > shown.length) shown.push(`${gaps.length - shown.length} more ranges`);
  const parts = [...(shown.length > 0 ? [`${shown.join(', ')} missing`] : []), ...new Set(all<string>('lost'))];
  const count = `${sum('statements')} statement${sum('statements') === 1 ? '' : 's'}`;
  return parts.length > 0 ? [count, ...parts].join('; ') : `${count}${isOver ? ', complete' : ' so far'}`;
};

type Event = {
  seq: number;
  open: Open;
  personal: { actor: Record<string, unknown>; data: Record<string, unknown> } | null;
};

const personIn = ({ personal }: Event): Record<string, unknown> => {
  const { id, name, email } = personal?.actor ?? {};
  return { id: id ?? '', name: name ?? '', email: email ?? null };
};

const peopleIn = (created: Event, events: readonly Event[]): unknown => ({
  requester: personIn(created),
  reason: created.personal?.data['reason'] ?? null,
  ticket: created.personal?.data['ticket'] ?? null,
  votes: events
    .filter(({ open }) => open['type'] === 'vote.cast')
    .map((vote) => ({ ...personIn(vote), vote: vote.personal?.data['kind'], at: vote.open['at'] })),
});

/** What people read is what the events say, field by field. */
const checkFacts = (
  files: Files,
  lines: readonly Line[],
  { grant, request }: { grant: string; request: string },
): void => {
  const events = lines.map(({ seq, open, personal }): Event => ({
    seq,
    open: JSON.parse(open.text ?? '') as Open,
    personal: personal.text === undefined ? null : (JSON.parse(personal.text) as Event['personal']),
  }));
  const opens = events.map(({ open }) => open);
  const facts = JSON.parse(utf8(files['grant.json'], 'grant')) as Record<string, unknown>;
  const last = (type: string): Event | undefined =>
    events.findLast(({ open }) => open['type'] === type && open['requestId'] === request);
  const created = last('request.created') ?? fail('no request');
  const removed = opens.find((open) => open['grantEventsTotal'] !== undefined) ?? fail('no removal');
  const decision = last('request.approved') ?? created;
  if (facts['people'] === null && events.every(({ personal }) => personal !== null)) fail('no people');
  if (facts['people'] !== null && events.some(({ personal }) => personal === null)) fail('people');
  const by = (event: Event): unknown => {
    const { id, name } = personIn(event);
    return event.personal === null ? 'not shown' : name || id;
  };
  const said: Record<string, unknown> = {
    ...{ grant, request, target: removed['target'], role: removed['role'] },
    ...{ requestedAt: created.open['at'], approvedAt: last('request.approved')?.open['at'] ?? null },
    ...{ activeAt: last('grant.active')?.open['at'] ?? null, removedAt: removed['at'] },
    ...{ lateMs: removed.data['lateMs'] ?? 0, cause: removed.data['cause'] ?? null },
    durationMs: (last('grant.activating') ?? created).open.data['durationMs'] ?? null,
    isBreakGlass: created.open.data['isBreakGlass'] === true,
    ...{ rule: decision.open.data['rule'] ?? null, policySha256: decision.open.data['policy'] },
    statements: doneIn(opens, grant),
    people: facts['people'] === null ? null : peopleIn(created, events),
    events: events.map((event) => ({ seq: event.seq, at: event.open['at'], type: event.open['type'], by: by(event) })),
  };
  for (const [name, value] of Object.entries(facts)) if (!isDeepStrictEqual(value, said[name])) fail(`facts: ${name}`);
};

const checkReadback = (files: Files, lines: readonly Line[], removed: Open): void => {
  const found = JSON.parse(utf8(files['readback.json'], 'readback')) as Record<string, unknown>;
  const { operation, answer } = removed.data['readback'] as Record<string, unknown>;
  const { personal } = lines.find(({ open }) => 'grantEventsTotal' in (JSON.parse(open.text ?? '') as object)) ?? {};
  const { handle } = personal?.text === undefined ? {} : (JSON.parse(personal.text) as Open).data;
  const { target, role, at, grantId: grant } = removed;
  const asked = { operation, ...(handle !== undefined && { handle }) };
  if (answer !== 'absent' || !isDeepStrictEqual(found, { grant, target, role, at, asked, answer })) fail('readback');
};

/** What the log itself says of revoked keys. */
const revokedIn = (files: Files, tree: { size: number; root: Buffer }, offset: number): RevokedKey[] => {
  if (!files['revoked.json']) return [];
  const lines = JSON.parse(utf8(files['revoked.json'], 'revoked.json')) as (Line & { proof: string })[];
  return lines.map((line) => {
    const own = { ...files, [`proofs/${line.seq}.tlog-proof`]: Buffer.from(line.proof) };
    if (checkLine(own, line, tree) !== offset) fail('place of a revocation');
    const { type, data } = JSON.parse(line.open.text ?? fail('no open text')) as Open;
    if (type !== 'key.revoked') fail('no revocation');
    return { vkey: String(data['vkey']), size: Number(data['size']) };
  });
};

const check = (files: Files, vkey: string | undefined, known: readonly RevokedKey[]): void => {
  const [origin = ''] = utf8(files['checkpoint'], 'checkpoint').split('\n');
  const stated = Number(utf8(files['checkpoint'], 'checkpoint').split('\n')[1]);
  const keys = unrevoked(publicKeys(vkey ?? utf8(files['keys.txt'], 'keys.txt'), origin), known, stated);
  const manifestText = utf8(files['manifest.json'], 'manifest.json');
  const noted = signedText(utf8(files['manifest.note'], 'manifest.note'), origin, keys);
  if (!noted.includes(sha(manifestText).toString('hex'))) fail('manifest');
  const manifest = JSON.parse(manifestText) as { grant: string; request: string; files: [] };
  checkFiles(files, manifest);
  const [, size = '', root] = signedText(utf8(files['checkpoint'], 'checkpoint'), origin, keys).split('\n');
  const tree = { size: Number(size), root: bytes(root) };
  const lines = utf8(files['events.jsonl'], 'events')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const offsets = new Set(lines.map((line) => checkLine(files, line, tree)));
  if (offsets.size !== 1 || [...offsets].some((offset) => offset >= 0)) fail('places');
  const live = unrevoked(keys, revokedIn(files, tree, [...offsets][0] ?? 0), tree.size);
  for (const name of ['checkpoint', 'manifest.note']) signedText(utf8(files[name], name), origin, live);
  if (lines.some(({ seq }, index) => index > 0 && seq <= (lines[index - 1]?.seq ?? 0))) fail('order');
  const proofs = Object.keys(files).filter((name) => name.startsWith('proofs/'));
  if (proofs.length !== lines.length) fail('proofs');
  const opens = lines.map(({ open }) => JSON.parse(open.text ?? fail('no open text')) as Open);
  const removed = checkCounts(opens, manifest.grant, manifest.request);
  const decision = opens.findLast(
    ({ type, requestId }) => type === 'request.approved' && requestId === manifest.request,
  );
  if (decision?.data['policy'] !== sha(files['policy.yml'] ?? fail('policy')).toString('hex')) fail('policy');
  checkReadback(files, lines, removed);
  checkFacts(files, lines, manifest);
  checkStatements(files, opens, manifest.grant);
};

export const problemOf = (files: Files, vkey?: string, revoked: readonly RevokedKey[] = []): string | null => {
  try {
    check(files, vkey, revoked);
    return null;
  } catch (error) {
    if (error instanceof Bad || error instanceof SyntaxError || error instanceof TypeError) return error.message;
    throw error;
  }
};
