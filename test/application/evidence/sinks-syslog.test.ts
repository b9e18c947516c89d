import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deliverEvents } from '../../../src/application/evidence/deliver-events.ts';
import type { Sink } from '../../../src/application/evidence/deliver-events.ts';
import { openSink } from '../../../src/compose/open-sink.ts';
import type { SealedRecord } from '../../../src/domain/audit/events.ts';
import { sendSyslog } from '../../../src/sinks/syslog.ts';
import { sinkFacts, sinkStore } from '../../../src/store/audit/sinks.ts';
import { ORIGIN, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

/**
 * `reset`: cut with bytes unread. `early`: closed in order, before anything is read. `hang`: nothing is read. `deaf`: all is read, and it is
 * never closed. `slow`: read after a while.
 */
type Manner = 'take' | 'reset' | 'early' | 'hang' | 'deaf' | 'slow';
type Receiver = { port: number; streams: Buffer[]; manners: Manner[]; stop(): Promise<void> };

const serveSocket = (socket: Socket, manner: Manner, keep: (bytes: Buffer) => void): void => {
  const parts: Buffer[] = [];
  socket.on('error', () => keep(Buffer.concat(parts)));
  if (manner === 'hang') return void socket.pause();
  if (manner === 'early') return void socket.pause().end();
  if (manner === 'slow') {
    socket.pause();
    setTimeout(() => socket.resume(), 300);
  }
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    if (manner === 'reset') socket.resetAndDestroy();
  });
  socket.on('end', () => {
    keep(Buffer.concat(parts));
    if (manner !== 'deaf') socket.end();
  });
};

const listen = async (make: (serve: (socket: Socket) => void) => Server): Promise<Receiver> => {
  const [streams, manners, open]: [Buffer[], Manner[], Set<Socket>] = [[], [], new Set()];
  const server = make((socket) => {
    serveSocket(socket, manners.shift() ?? 'take', (bytes) => streams.push(bytes));
  });
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, streams, manners, stop };
};

/** What a receiver makes of octet counting; a rest that is cut off is no message. */
const framesIn = (stream: Buffer): string[] => {
  const found: string[] = [];
  let rest = stream;
  while (rest.length > 0) {
    const space = rest.indexOf(' ');
    const length = Number(rest.subarray(0, space).toString());
    const frame = rest.subarray(space + 1, space + 1 + length);
    if (space < 1 || !Number.isInteger(length) || frame.length < length) break;
    found.push(frame.toString('utf8'));
    rest = rest.subarray(space + 1 + length);
  }
  return found;
};

/** As a reader of CEF splits a message, by a way of its own. */
const read = (message: string): { syslog: string; header: string[]; fields: Record<string, string> } => {
  const start = message.indexOf('CEF:0');
  const parts = message.slice(start).split(/(?<!(?:^|[^\\])(?:\\\\)*\\)\|/);
  const fields: Record<string, string> = {};
  const text = parts.slice(7).join('|');
  const keys = [...text.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)];
  for (const [place, { 0: whole, 1: key = '', index }] of keys.entries()) {
    const value = text.slice(index + whole.length, keys[place + 1]?.index);
    fields[key] = value.replaceAll(/\\([\\=nr])/g, (_, of: string) => ({ n: '\n', r: '\r' })[of] ?? of);
  }
  const header = parts.slice(0, 7).map((part) => part.replaceAll(/\\([\\|])/g, '$1'));
  return { syslog: message.slice(0, start), header, fields };
};

let rig: EvidenceRig;
let plain: Receiver;
let secure: Receiver;
let other: Receiver;
const folder = mkdtempSync(path.join(tmpdir(), 'syslog-'));
const certificate = (name: string, san: string): { key: string; cert: string } => {
  const [key, cert] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'pipe' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
};
const own = certificate('own', 'IP:127.0.0.1');
const foreign = certificate('foreign', 'DNS:syslog.other.test');

beforeAll(async () => {
  const isHalfOpen = { allowHalfOpen: true };
  plain = await listen((serve) => createServer(isHalfOpen, serve));
  secure = await listen((serve) => createTlsServer({ ...own, ...isHalfOpen }, serve));
  other = await listen((serve) => createTlsServer(foreign, serve));
  rig = await openEvidenceRig();
});
beforeEach(async () => void (await rig.store.audit.seal(1000)));
afterEach(() => {
  for (const { streams, manners } of [plain, secure, other]) streams.length = manners.length = 0;
});
afterAll(async () => {
  await rig.close();
  await Promise.all([plain, secure, other].map(({ stop }) => stop()));
  rmSync(folder, { recursive: true });
});

const env = { OWN_CA: own.cert, FOREIGN_CA: foreign.cert, BAD_CA: 'no certificate' };
let made = 0;
const sinkTo = ({ port }: Receiver, ca: keyof typeof env | 'NOT_SET' | null = null): Sink => {
  made += 1;
  const target = { kind: 'syslog', host: '127.0.0.1', port, tls: ca !== null, ca } as const;
  return openSink({ name: `syslog-${made}`, format: 'cef', startsAt: 'now', target }, ORIGIN, env);
};
const impatient = (sink: Sink, { port }: Receiver): Sink => ({
  ...sink,
  send: sendSyslog({ host: '127.0.0.1', port, tls: false, ca: null, origin: ORIGIN, timeoutMs: 400 }),
});
const serve = async (sink: Sink): Promise<void> => {
  await rig.sql('update audit_sinks set next_at = clock_timestamp() where name = $1', [sink.name]);
  await deliverEvents({ store: rig.store, sinks: sinkStore(rig.pool, rig.pool), log: rig.deps.log }, [sink]);
};
const write = async (count: number, text = ''): Promise<void> => {
  await rig.append(...Array.from({ length: count }, (_, n) => ({ data: { n, text } })));
  await rig.store.audit.seal(1000);
};
const factsOf = async (sink: Sink) => (await sinkFacts(rig.pool)).find(({ name }) => name === sink.name);
const seqsIn = (streams: readonly Buffer[]): number[] =>
  streams.flatMap((stream) => framesIn(stream).map((frame) => Number(read(frame).fields['cn1'])));
const started = async (sink: Sink): Promise<Sink> => {
  await serve(sink);
  return sink;
};

const RECORD: SealedRecord = {
  ...{ seq: 7, prevHash: 'p', hash: 'h', id: 'i', at: '2026-01-14T12:00:00.000Z', type: 'grant.active' },
  ...{ actor: '{}', requestId: null, grantId: null, target: null, role: null, data: '{}' },
};

describe('syslog', () => {
  test('over TLS every event comes once and in order, each with its length, number and hashes', async () => {
    const sink = await started(sinkTo(secure, 'OWN_CA'));
    await write(450, 'ünïcode ✓');
    await serve(sink);
    const seqs = seqsIn(secure.streams);
    expect(seqs).toHaveLength(450);
    expect(seqs).toEqual(Array.from({ length: 450 }, (_, n) => (seqs[0] ?? 0) + n));
    const all = secure.streams.flatMap((stream) => framesIn(stream).map(read));
    for (const [n, { syslog, header, fields }] of all.entries()) {
      expect(syslog).toMatch(
        /^<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z latchkey\.acme\.test\/prod latchkey - \S{1,32} - $/,
      );
      expect(header.slice(0, 3)).toEqual(['CEF:0', 'Latchkey', 'Latchkey']);
      expect(fields).toMatchObject({ cn1Label: 'seq', cs1Label: 'hash', cs1: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(JSON.parse(fields['msg'] ?? '')).toEqual({ n, text: 'ünïcode ✓' });
    }
    const hashes = all.map(({ fields }) => fields['cs1']);
    expect(all.slice(1).map(({ fields }) => fields['cs2'])).toEqual(hashes.slice(0, -1));
    expect(await factsOf(sink)).toMatchObject({ behind: 0, error: null });
  });

  test.each(['reset', 'hang', 'deaf'] as const)(
    'a receiver with the manner %s does not move the cursor, and gets all of it again',
    async (manner) => {
      const sink = await started(impatient(sinkTo(plain), plain));
      await write(150, 'x'.repeat(8_000));
      plain.manners.push(manner);
      await serve(sink);
      expect(await factsOf(sink)).toMatchObject({ behind: 150, error: expect.stringContaining('127.0.0.1') });
      plain.streams.length = 0;
      await serve({ ...sink, send: sinkTo(plain).send });
      const seqs = seqsIn(plain.streams);
      expect([seqs.length, new Set(seqs).size]).toEqual([150, 150]);
      expect(await factsOf(sink)).toMatchObject({ behind: 0, error: null });
    },
  );

  test('a receiver that is slow, or down and up again, loses nothing, and the wait grows', async () => {
    const down = await listen((take) => createServer(take));
    const sink = await started(sinkTo(down));
    await down.stop();
    await write(3);
    await serve(sink);
    await serve(sink);
    expect(await factsOf(sink)).toMatchObject({ behind: 3, error: expect.stringContaining('ECONNREFUSED') });
    const [row] = await rig.sql(
      `select extract(epoch from next_at - clock_timestamp())::float8 as wait from audit_sinks where name = $1`,
      [sink.name],
    );
    expect(Number(row?.['wait'])).toBeGreaterThan(1);
    plain.manners.push('slow');
    await serve({ ...sink, send: sinkTo(plain).send });
    expect(seqsIn(plain.streams)).toHaveLength(3);
    expect(await factsOf(sink)).toMatchObject({ behind: 0, error: null });
  });

  test('a certificate of another authority, for another host or none at all gets nothing', async () => {
    const cases = [
      [sinkTo(secure, 'FOREIGN_CA'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      [sinkTo(other, 'FOREIGN_CA'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
      [sinkTo(plain, 'OWN_CA'), 'cannot be reached'],
      [sinkTo(secure, 'BAD_CA'), 'BAD_CA must be a certificate in PEM'],
      [sinkTo(secure, 'NOT_SET'), 'NOT_SET is not set'],
    ] as const;
    for (const [sink] of cases) await serve(sink);
    await write(1);
    plain.manners.push('early');
    for (const [sink, why] of cases) {
      await serve(sink);
      expect(await factsOf(sink)).toMatchObject({ behind: 1, error: expect.stringContaining(why) });
    }
    expect([...seqsIn(secure.streams), ...seqsIn(other.streams), ...seqsIn(plain.streams)]).toEqual([]);
  });

  test('a receiver that closes before it had everything took nothing', async () => {
    plain.manners.push('early');
    const send = sendSyslog({ host: '127.0.0.1', port: plain.port, tls: false, ca: null, origin: ORIGIN });
    const events = Array.from({ length: 200 }, () => ({
      ...RECORD,
      data: JSON.stringify({ text: 'x'.repeat(60_000) }),
    }));
    expect(await send(events)).toMatchObject({ kind: 'later', why: expect.stringContaining('closed before') });
  });

  test('text in any field adds no field, no line and no message, and is read back as it was', async () => {
    const evil = String.raw`a|b\|c=d\=e cs1=0000 msg={} \n` + '\r\n12 <0>1 - CEF:0|x|y|1|2|3|10|\u2028act=fake\\';
    const record: SealedRecord = {
      ...{ ...RECORD, id: `id${evil}`, type: `break_glass.${evil}` },
      actor: JSON.stringify({ kind: evil, id: evil, name: evil, email: evil }),
      ...{ requestId: evil, grantId: evil, target: evil, role: evil },
      data: JSON.stringify({ person: evil, reason: `${evil}\u0000\u001b[2J\u202e` }),
    };
    const send = sendSyslog({ host: '127.0.0.1', port: plain.port, tls: false, ca: null, origin: `o ${evil}` });
    expect(await send([record, record])).toEqual({ kind: 'taken' });
    const frames = framesIn(Buffer.concat(plain.streams));
    expect(frames).toHaveLength(2);
    for (const frame of frames) {
      expect(frame).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
      const { syslog, header, fields } = read(frame);
      expect(syslog).toMatch(/^<108>1 \S+ \S{1,255} latchkey - \S{1,32} - $/);
      const flat = evil.replaceAll(/\r\n|\u2028/g, ' ');
      expect(header.slice(4)).toEqual([`break_glass.${flat}`, `break_glass.${flat}`, '7']);
      const back = evil.replace('\r\n', '\n').replace('\u2028', '\n');
      for (const key of ['suid', 'suser', 'duid', 'cs3', 'cs4', 'cs5', 'cs6', 'flexString1', 'flexString2'])
        expect([key, fields[key]]).toEqual([key, back]);
      expect(fields).toMatchObject({ cn1: '7', cs1: 'h', cs2: 'p', act: `break_glass.${back}` });
      expect(Object.keys(fields).toSorted().join(' ')).toBe(
        'act cn1 cn1Label cs1 cs1Label cs2 cs2Label cs3 cs3Label cs4 cs4Label cs5 cs5Label cs6 cs6Label deviceExternalId duid externalId flexString1 flexString1Label flexString2 flexString2Label msg outcome rt suid suser',
      );
      expect(JSON.parse(fields['msg'] ?? '')).toEqual(JSON.parse(record.data));
    }
  });
});
