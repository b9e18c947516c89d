/** A grant that was given and removed, with the events that the app writes, and its bundle as files that can be forged. */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import { makeEvidence } from '../../../src/application/evidence/make-evidence.ts';
import type { Actor } from '../../../src/domain/audit/events.ts';
import { signNote } from '../../../src/lib/transparency/note.ts';
import type { Signer } from '../../../src/lib/transparency/note.ts';
import { rendering } from '../../../src/bundles/rendering.ts';
import { insertGrant, someEvent, storeRequest } from '../../store/fixtures.ts';
import { ORIGIN } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

export const VERIFIER = fileURLToPath(new URL('../../../evidence/verify.py', import.meta.url));
const POLICY = 'version: 1\n# the policy of the test\n';
const POLICY_SHA = createHash('sha256').update(POLICY).digest('hex');
export const REQUESTER: Actor = {
  kind: 'person',
  id: 'T1:UADA7',
  name: 'Ada <b>"Lovelace"</b>',
  email: 'ada@acme.test',
};
const OWNER: Actor = { kind: 'person', id: 'T1:UDANA1', name: 'Dana', email: 'dana@acme.test' };

export type Given = { grant: string; request: string };

/** `after`: events of others in between, so that numbers are not those of the grant. */
export const giveAndRemove = async ({ store, deps }: EvidenceRig, votedBy: Actor = OWNER): Promise<Given> => {
  const made = await storeRequest(store, { policySha256: POLICY_SHA });
  const common = { requestId: made.id, target: made.target, role: made.role };
  const expiresAt = new Date('2026-11-29T12:00:00Z').toISOString();
  const given = await store.transaction(async (tx) => {
    await tx.policies.adopt({ sha256: POLICY_SHA, source: POLICY });
    const text = { reason: '=HYPERLINK("x") <script>', ticket: 'OPS-1' };
    const created = { ...text, durationMs: made.durationMs, policy: POLICY_SHA, rule: 'owners' };
    await tx.audit.append({ ...common, type: 'request.created', actor: REQUESTER, grantId: null, data: created });
    await tx.audit.append(someEvent());
    const vote = { kind: 'approve', reason: null, policy: POLICY_SHA, isChanged: false, onBehalfOf: null } as const;
    await tx.audit.append({ ...common, type: 'vote.cast', actor: votedBy, grantId: null, data: vote });
    const grantId = await insertGrant(tx, made);
    const of = { ...common, grantId, actor: { kind: 'system', id: 'latchkey' } as const };
    const approved = { decision: 'd1', rule: 'owners', policy: POLICY_SHA, votes: ['T1:UDANA1'], preApprovals: [] };
    await tx.audit.append({ ...of, type: 'request.approved', data: approved });
    await tx.audit.append({ ...of, type: 'grant.activating', data: { durationMs: made.durationMs, startsAt: null } });
    await tx.grants.claim(grantId, 1000, made.durationMs);
    await tx.grants.setActive(grantId, { login: `lk_${grantId}_ada` });
    const active = { handle: { login: 'lk_1_ada' }, person: 'T1:UADA7', expiresAt };
    await tx.audit.append({ ...of, type: 'grant.active', data: active });
    await tx.grants.setEnding(grantId, { cause: 'done', by: null, reason: null });
    await tx.audit.append({ ...of, type: 'grant.ending', data: { cause: 'done' } });
    await tx.grants.setClosedMany([grantId], null);
    const closing = { operation: 'close_and_read_back', answer: 'closed' } as const;
    const ended = { cause: 'done', lateMs: 3, attempts: 1, expiresAt } as const;
    const handle = { login: 'lk_1_ada' };
    await tx.audit.append({ ...of, type: 'grant.closed', data: { ...ended, readback: closing, handle } });
    await tx.grants.setRemovedMany([grantId], 'removed');
    const readback = { operation: 'revoke_and_read_back', answer: 'absent' } as const;
    const how = { cause: 'done', lateMs: 3, outcome: 'removed', attempts: 1, expiresAt } as const;
    await tx.audit.append({ ...of, type: 'grant.removed', data: { ...how, readback, handle: { login: 'lk_1_ada' } } });
    await tx.audit.append({ ...of, type: 'credentials.shown', data: {} });
    return { grant: grantId, request: made.id };
  });
  await deps.store.audit.seal(1000);
  return given;
};

export type Files = Record<string, Uint8Array>;

export const bundleOf = async ({ deps }: EvidenceRig, id: string, isRedacted = false): Promise<Files> =>
  unzipSync((await makeEvidence(deps, { id, isRedacted }, rendering)).zip);

export const textOf = (files: Files, name: string): string => Buffer.from(files[name] ?? []).toString('utf8');
const hex = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** As an insider does who has the key and changes what it signs; `changes` to the manifest's own fields. */
export const signAgain = async (files: Files, signers: readonly Signer[], changes: object = {}): Promise<Files> => {
  const { 'manifest.json': before, 'manifest.note': _, ...rest } = files;
  const old = JSON.parse(Buffer.from(before ?? []).toString('utf8')) as object;
  const listed = Object.entries(rest).map(([name, data]) => ({ name, sha256: hex(data), size: data.length }));
  const manifest = Buffer.from(JSON.stringify({ ...old, ...changes, files: listed }));
  const note = await signNote(`latchkey/evidence/v1\n${ORIGIN}\n${hex(manifest)}\n`, signers);
  return { ...rest, 'manifest.json': manifest, 'manifest.note': Buffer.from(note) };
};

export type Verdict = { code: number | null; out: string };

/** `options`: those of Python; people give none. */
export const runVerifier = (args: readonly string[], options: readonly string[] = ['-I']): Promise<Verdict> =>
  new Promise((resolve, reject) => {
    const child = spawn('python3', [...options, ...args]);
    let out = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (out += part.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
  });

export const verifyFiles = async (files: Files, ...args: string[]): Promise<Verdict> => {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'));
  try {
    await writeFile(join(folder, 'e.zip'), zipSync(files));
    return await runVerifier([VERIFIER, join(folder, 'e.zip'), ...args]);
  } finally {
    await rm(folder, { recursive: true });
  }
};
