import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceDeps, Publisher } from '../../../src/application/evidence/evidence-ports.ts';
import { readHeads } from '../../../src/application/evidence/held-heads.ts';
import { publishCheckpoints } from '../../../src/application/evidence/publish-checkpoints.ts';
import { rangesOf } from '../../../src/application/evidence/ranges.ts';
import { signCheckpoint } from '../../../src/application/evidence/sign-checkpoint.ts';
import { parseNote } from '../../../src/lib/transparency/note.ts';
import { createLog } from '../../../src/lib/log.ts';
import { gitPublisher } from '../../../src/publishers/git.ts';
import { s3Publisher } from '../../../src/publishers/s3.ts';
import { tsaPublisher } from '../../../src/publishers/tsa.ts';
import { createSlackConnection } from '../../../src/slack/connection/connection.ts';
import { createChannels } from '../../../src/slack/messages/channels.ts';
import { slackPublisher } from '../../../src/slack/messages/checkpoint-publisher.ts';
import { auditTree } from '../../../src/store/audit/checkpoints.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { startS3 } from '../../support/s3.ts';
import type { S3Server } from '../../support/s3.ts';
import { cast, startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';
import { bundleOf, giveAndRemove, verifyFiles } from './bundle-rig.ts';
import { ORIGIN, newKey, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'places-'));
const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();

let rig: EvidenceRig;

/** With these places alone. */
const at = (...publishers: Publisher[]): EvidenceDeps => ({ ...rig.deps, publishers });

const publishOne = async (deps: EvidenceDeps): Promise<number> => {
  await rig.append({});
  const signed = await signCheckpoint(deps);
  await publishCheckpoints(deps);
  return signed?.size ?? 0;
};

const sizesHeld = async (deps: EvidenceDeps) => {
  const [place] = await readHeads(deps, 'all');
  return { sizes: place?.heads.map(({ size }) => size), failure: place?.failure, problems: place?.problems };
};

const errorOf = async (place: string): Promise<unknown> =>
  (await rig.sql('select error from audit_publications where place = $1 and published_at is null', [place]))[0]?.[
    'error'
  ];

beforeAll(async () => {
  rig = await openEvidenceRig();
});
afterAll(async () => {
  await rig.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What every place must do: take each checkpoint once, give all back, catch up after it was away, and be caught when it holds another log's. */
const holdsAndCatchesUp = async (publisher: Publisher, away: () => Promise<() => Promise<void>>): Promise<void> => {
  const deps = at(publisher);
  const first = await publishOne(deps);
  const second = await publishOne(deps);
  await publishCheckpoints(deps);
  const before = await sizesHeld(deps);
  expect(before.sizes).toEqual(expect.arrayContaining([first, second]));
  const back = await away();
  const missed = await publishOne(deps);
  expect((await sizesHeld(deps)).failure).toEqual(expect.stringMatching(/^[A-Z].*\.$/));
  expect(await errorOf(publisher.name)).toEqual(expect.stringMatching(/^[A-Z].*\.$/));
  await back();
  await publishCheckpoints(deps);
  const after = await sizesHeld(deps);
  expect(after).toEqual({ sizes: [...(before.sizes ?? []), missed], failure: null, problems: [] });
  const places = await readHeads(deps, 'all');
  const report = await verifyAudit(rig.pool, { signed: places.flatMap(({ heads }) => heads) });
  expect(report.problems).toEqual([]);
  expect(rangesOf(report.tree, places, () => true).published).toEqual({ from: 1, to: missed });
};

describe('git', () => {
  const remote = join(folder, 'remote.git');
  beforeAll(() => git('init', '--bare', '--quiet', remote));

  test('each checkpoint is a commit with a file of its own; a repository that was away gets what it missed', async () => {
    const publisher = gitPublisher({ url: remote, branch: 'checkpoints' });
    await holdsAndCatchesUp(publisher, () => {
      git('-C', folder, 'init', '--quiet', join(folder, 'x'));
      execFileSync('mv', [remote, `${remote}.away`]);
      return Promise.resolve(() => Promise.resolve(void execFileSync('mv', [`${remote}.away`, remote])));
    });
    const subjects = git('--git-dir', remote, 'log', '--format=%an %s', 'checkpoints').split('\n');
    expect(subjects.length).toBeGreaterThanOrEqual(3);
    expect(subjects[0]).toMatch(/^Latchkey Checkpoint of \d+ events$/);
  });

  test('what others pushed stays, since nothing is pushed by force', async () => {
    const clone = join(folder, 'clone');
    git('clone', '--quiet', '--branch', 'checkpoints', remote, clone);
    writeFileSync(join(clone, 'NOTES'), 'of the auditors\n');
    writeFileSync(
      join(clone, '000000000999-0123456789abcdef.checkpoint'),
      readFileSync(new URL('rig.ts', import.meta.url)),
    );
    const as = ['-c', 'user.name=a', '-c', 'user.email=a@b.test'];
    execFileSync('git', [...as, 'add', '.'], { cwd: clone });
    execFileSync('git', [...as, 'commit', '--quiet', '-m', 'ours'], { cwd: clone });
    execFileSync('git', ['push', '--quiet'], { cwd: clone });
    const deps = at(gitPublisher({ url: remote, branch: 'checkpoints' }));
    const size = await publishOne(deps);
    expect(git('--git-dir', remote, 'ls-tree', '--name-only', 'checkpoints')).toContain('NOTES');
    expect((await sizesHeld(deps)).sizes).toContain(size);
  });
});

describe('s3', () => {
  let s3: S3Server;
  const lock = { mode: 'COMPLIANCE', forMs: 400 * 86_400_000 } as const;
  const publisher = () => s3Publisher({ ...s3.settings, prefix: 'latchkey/prod/', lock });
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(() => s3.stop());

  test('each checkpoint is a locked object; a bucket that was away gets what it missed', async () => {
    await holdsAndCatchesUp(publisher(), () => {
      s3.answerAll({ status: 503, body: '<Error><Code>SlowDown</Code></Error>' });
      return Promise.resolve(() => Promise.resolve(s3.answerAll(null)));
    });
    const [, made] = [...s3.versions].at(-1) ?? [];
    expect(made).toMatchObject([{ mode: 'COMPLIANCE' }]);
    expect(Date.parse(made?.[0]?.until ?? '') - Date.now()).toBeGreaterThan(399 * 86_400_000);
  });

  test('a newer version that somebody put over a checkpoint does not count', async () => {
    const [key = '', made = []] = [...s3.versions].at(-1) ?? [];
    const before = await sizesHeld(at(publisher()));
    s3.versions.set(key, [...made, { id: 'v2', body: 'another', mode: null, until: null }]);
    expect(await sizesHeld(at(publisher()))).toEqual(before);
  });

  test.each([
    ['a wrong secret', { accessKeyId: 'AKIATEST', secretAccessKey: 'x', sessionToken: null }, 'SignatureDoesNotMatch'],
    ['another key', { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x', sessionToken: null }, 'InvalidAccessKeyId'],
    ['no keys', null, 'set AWS_ACCESS_KEY_ID'],
  ])('%s is said with what to do', async (_, keys, said) => {
    const wrong = s3Publisher({ ...s3.settings, prefix: 'latchkey/prod/', lock, keys });
    expect((await sizesHeld(at(wrong))).failure).toContain(said);
  });
});

describe('slack', () => {
  let slack: Slack;
  beforeAll(async () => {
    const channels = [...cast.channels, { id: 'C0AUDIT', name: 'audit', members: ['bot', 'ines'] }];
    slack = await startSlack({ channels });
  });
  afterAll(() => slack.close());

  test('a message for each checkpoint, which is read back; a channel without Latchkey is said with what to do', async () => {
    const log = createLog('silent');
    const { client } = createSlackConnection({
      botToken: slack.botToken,
      apiUrl: slack.apiUrl,
      log,
      onCall: () => undefined,
    });
    const channels = createChannels({ client, store: rig.store });
    const publisher = slackPublisher({ client, channels, channel: '#audit' });
    const deps = at(publisher);
    const [first, second] = [await publishOne(deps), await publishOne(deps)];
    await publishCheckpoints(deps);
    const { sizes, failure, problems } = await sizesHeld(deps);
    expect({ failure, problems }).toEqual({ failure: null, problems: [] });
    expect(sizes?.toSorted((a, b) => a - b).slice(-2)).toEqual([first, second]);
    const nowhere = slackPublisher({ client, channels, channel: '#nowhere' });
    expect((await sizesHeld(at(nowhere))).failure).toContain('invite it there');
  });
});

describe('a time-stamping authority', () => {
  const ca = join(folder, 'tsa');
  let url: string;
  let change: (reply: Buffer) => Buffer = (reply) => reply;
  let seen: Buffer | null = null;
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: ca, encoding: 'utf8', stdio: 'pipe' });
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      writeFileSync(join(ca, 'request.tsq'), Buffer.concat(parts));
      const args = ['ts', '-reply', '-config', 'ts.conf', '-queryfile', 'request.tsq', '-out', 'reply.tsr'];
      execFile('openssl', args, { cwd: ca }, () => {
        seen = readFileSync(join(ca, 'reply.tsr'));
        response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(change(seen));
      });
    });
  });

  beforeAll(async () => {
    mkdirSync(ca);
    writeFileSync(join(ca, 'serial'), '01\n');
    writeFileSync(
      join(ca, 'ts.conf'),
      `[tsa]\ndefault_tsa = t\n[t]\nserial = ./serial\nsigner_cert = ./tsa.pem\nsigner_key = ./tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\naccuracy = secs:1\nordering = yes\ness_cert_id_alg = sha256\n`,
    );
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'tsa.key',
      '-out',
      'tsa.pem',
      '-days',
      '2',
      '-subj',
      '/CN=tsa',
      '-addext',
      'extendedKeyUsage=critical,timeStamping',
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`;
  });
  afterAll(() => new Promise((resolve) => void server.close(resolve)));

  const publisher = (): Publisher => tsaPublisher({ url, stamps: () => auditTree(rig.pool).receipts(`tsa:${url}`) });

  test('stamps the head, which openssl verifies; the stamp is in the bundle', async () => {
    const deps = at(publisher());
    await publishOne(deps);
    expect((await sizesHeld(deps)).sizes).toHaveLength(1);
    rig.deps = deps;
    const { grant } = await giveAndRemove(rig);
    const files = await bundleOf(rig, grant);
    const note = Buffer.from(files['checkpoint'] ?? []).toString('utf8');
    writeFileSync(join(ca, 'head'), `${note.split('\n').slice(0, 3).join('\n')}\n`);
    writeFileSync(join(ca, '1.tsr'), files['stamps/1.tsr'] ?? '');
    expect(openssl('ts', '-verify', '-data', 'head', '-in', '1.tsr', '-CAfile', 'tsa.pem')).toContain('OK');
    expect(parseNote(note)?.text).toBe(readFileSync(join(ca, 'head'), 'utf8'));
    expect((await verifyFiles(files, '--key', rig.vkey)).code).toBe(0);
  });

  test.each<[string, (reply: Buffer) => Buffer, string]>([
    ['an old answer', () => readFileSync(join(ca, '1.tsr')), 'for something else'],
    ['a refusal', () => Buffer.from('30053003020102', 'hex'), 'refused the request'],
    ['garbage', () => Buffer.from('garbage'), 'refused the request'],
    [
      'a stamp of another hash',
      (reply) => {
        const hash = createHash('sha256').update('other').digest();
        const at = reply.indexOf(Buffer.from('0420', 'hex'));
        return Buffer.concat([reply.subarray(0, at + 2), hash, reply.subarray(at + 34)]);
      },
      'for something else',
    ],
  ])('%s is not kept', async (_, made, said) => {
    change = made;
    await publishOne(at(publisher()));
    change = (reply) => reply;
    expect(await errorOf(`tsa:${url}`)).toContain(said);
    await publishCheckpoints(at(publisher()));
  });
});

describe('places against a forger', () => {
  test('a place that holds a checkpoint of a fork stops signing; one that lies without the key is named and stops nothing', async () => {
    const own = await openEvidenceRig();
    await own.append({}, {});
    const signed = await signCheckpoint(own.deps);
    const fork = await openEvidenceRig();
    await fork.append({}, {}, {});
    const forked = await signCheckpoint({ ...fork.deps, signers: own.deps.signers });
    const lying = (text: string): Publisher => ({
      name: 'file:/lies',
      kind: 'file',
      vkey: null,
      takesEach: true,
      put: () => Promise.resolve({ signatures: '' }),
      held: () => Promise.resolve([{ text, source: 'the lying place' }]),
    });
    await expect(signCheckpoint({ ...own.deps, publishers: [lying(forked?.note ?? '')] })).rejects.toThrow(
      /two logs are signed with one key|its newest entries are gone/,
    );
    const stranger = await fork.withKey(newKey());
    const { signNote } = await import('../../../src/lib/transparency/note.ts');
    const note = await signNote(`${ORIGIN}\n9\n${Buffer.alloc(32).toString('base64')}\n`, stranger.signers);
    await own.append({});
    const more = await signCheckpoint({ ...own.deps, publishers: [lying(note)] });
    expect(more?.size).toBeGreaterThan(signed?.size ?? 0);
    const [place] = await readHeads({ ...own.deps, publishers: [lying(note)] }, 'all');
    expect(place?.problems).toEqual([expect.stringContaining('without a signature by one of its keys')]);
    await own.close();
    await fork.close();
  });

  test('two that sign at once make one checkpoint, and a clock that goes back an hour changes nothing', async () => {
    const own = await openEvidenceRig();
    await own.append({}, {});
    await Promise.all([signCheckpoint(own.deps), signCheckpoint(own.deps), own.store.audit.seal(1000)]);
    // While another seals, there may be nothing to sign yet.
    await signCheckpoint(own.deps);
    const all = await own.deps.tree.all();
    expect(all.length).toBeGreaterThan(0);
    expect(new Set(all.map(({ size }) => size)).size).toBe(all.length);
    await own.append({});
    await own.tamper(
      `update audit_events set at = at - interval '1 hour' where id in (select event_id from audit_unsealed)`,
    );
    await own.store.audit.seal(1000);
    const signed = all.map((checkpoint) => ({ ...checkpoint, source: 'kept' }));
    expect(await verifyAudit(own.pool, { signed })).toMatchObject({ ok: true });
    expect((await signCheckpoint(own.deps))?.size).toBeGreaterThan(all.at(-1)?.size ?? 0);
    await own.close();
  });
});
