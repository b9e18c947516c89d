/** Everything about one grant in one signed bundle, which an outsider checks without Latchkey. Making one is an event. */
import { setTimeout } from 'node:timers/promises';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Actor } from '../../domain/audit/events.ts';
import { DomainError } from '../../domain/errors.ts';
import { proofText } from '../../lib/transparency/checkpoint.ts';
import { ED25519, vkeyOf } from '../../lib/transparency/note.ts';
import { StartError } from '../../lib/start-error.ts';
import { withinMs } from '../../lib/timeout.ts';
import { factsOf, readEvent } from './evidence-facts.ts';
import type { GrantFacts, ProvedEvent, ReadEvent } from './evidence-facts.ts';
import { segmentOwner } from '../../domain/grants/recording.ts';
import type { EvidenceDeps, StoredCheckpoint, StoredEvent } from './evidence-ports.ts';
import type { Vault } from '../grants/vault.ts';
import type { Segment } from '../recordings/recording-ports.ts';
import { publishCheckpoints } from './publish-checkpoints.ts';
import type { Pauses } from './publish-checkpoints.ts';
import { signCheckpoint } from './sign-checkpoint.ts';
import { sha256, signManifest } from './sign-manifest.ts';

/** Files by name. */
export type Files = Record<string, Buffer>;
/** What people read: made from the facts, with the program that checks them. */
export type Rendering = {
  html(facts: GrantFacts, about: About): string;
  pdf(facts: GrantFacts, about: About): Promise<Buffer>;
  verifier(): Promise<Buffer>;
  zip(files: Files): Buffer;
};
export type About = { origin: string; vkeys: string[]; madeAt: string; checkpoint: string; isRedacted: boolean };
export type MadeEvidence = { grant: string; request: string; zip: Buffer; manifest: string; facts: GrantFacts };
export type EvidenceInput = { id: string; isRedacted: boolean; actor?: Actor };

/** Witnesses get so long before the bundle is made without them. */
const WITNESSED_WITHIN_MS = 8_000;
const WITNESS_POLL_MS = 200;

const findGrant = async ({ store }: EvidenceDeps, id: string) => {
  const ids = id === '' ? [] : await store.read.findGrantIds(id, null);
  const [grantId] = ids;
  if (ids.length > 1) throw new DomainError('ambiguous_id', { id, ids });
  const grant = grantId === undefined ? null : await store.read.grant(grantId);
  if (!grant) throw new DomainError('grant_not_found', { id });
  if (grant.state !== 'removed')
    throw new StartError(
      grant.state === 'failed'
        ? `The grant ${grant.id} was never given, so there is no evidence to make; latchkey audit export has its events.`
        : `The grant ${grant.id} is ${grant.state}; evidence is made once its access was removed.`,
    );
  return grant;
};

/** Another process may be publishing just now. Where a witness was tried and did not answer, no more time is spent. */
const untilWitnessed = async (deps: EvidenceDeps, size: number): Promise<void> => {
  const witnesses = deps.publishers.filter(({ kind }) => kind === 'witness');
  const untilMs = performance.now() + WITNESSED_WITHIN_MS;
  const pauses: Pauses = new Map();
  for (;;) {
    await publishCheckpoints(deps, pauses);
    const seen = await Promise.all(witnesses.map(({ name }) => deps.tree.publishedSize(name)));
    if (pauses.size > 0 || seen.every((one) => one >= size) || performance.now() > untilMs) return;
    await setTimeout(WITNESS_POLL_MS);
  }
};

/** The newest checkpoint, with what witnesses add within a few seconds. */
export const checkpointNow = async (deps: EvidenceDeps): Promise<StoredCheckpoint> => {
  const signed = await signCheckpoint(deps);
  if (!signed) throw new StartError('The audit log is empty.');
  const published = untilWitnessed(deps, signed.size).catch((error: unknown) =>
    deps.log.warn({ err: error }, 'the checkpoint of evidence could not be published at once'),
  );
  await withinMs(published, WITNESSED_WITHIN_MS);
  return (await deps.tree.newest()) ?? signed;
};

const json = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

const partOf = (part: ProvedEvent['personal']) =>
  'text' in part
    ? { text: part.text, salt: part.salt.toString('base64') }
    : { commitment: part.commitment.toString('base64') };

const lineOf = ({ seq, open, personal }: ProvedEvent): string =>
  `${JSON.stringify({ seq, open: partOf(open), personal: partOf(personal) })}\n`;

const removalOf = (events: readonly ReadEvent[]): ReadEvent => {
  const removed = events.find(({ open }) => open.grantEventsTotal !== undefined);
  if (!removed) throw new StartError('No event says that the access was removed.');
  return removed;
};

/** What the event of the removal says was wanted of the target. `handle` names the login, and with it the person. */
const readbackOf = ({ grant, target, role }: GrantFacts, removed: ReadEvent): Buffer => {
  const readback = removed.open.data['readback'];
  if (typeof readback !== 'object' || readback === null || Array.isArray(readback))
    throw new StartError(
      `The access of grant ${grant} was removed by an older version of Latchkey, which kept no record of what the target answered.`,
    );
  const handle = removed.personal?.data['handle'];
  const asked = { operation: readback['operation'] ?? null, ...(handle !== undefined && { handle }) };
  return json({ grant, target, role, at: removed.open.at, asked, answer: readback['answer'] ?? null });
};

const README = `This is the evidence of one grant of temporary access, made by Latchkey.

Check it:    python3 verify.py --key <the log's verifier key, from somewhere else than this bundle>

verify.py needs Python 3.8 or later, no package and no network, and can be read in ten minutes. It prints one line a verdict and
exits with 0 only if everything holds. Take verify.py from somewhere else than this bundle where you can, too.

report.pdf and report.html are for people. grant.json has the same facts, and verify.py compares each of them with the events: where
a page and grant.json differ, grant.json is what was proved. events.jsonl has the events, proofs/ a proof for each that it is in
the log, checkpoint the signed head of the log. policy.yml is the policy that the decision was made by, whole
in a redacted bundle, too. readback.json is what the target answered to the question whether the access is gone. keys.txt has the
verifier keys.

statements.jsonl is there where what was done was recorded: the statements, as the target's own log has them, in segments whose
digests are in the log. Each segment begins with a line that has its salt.

revoked.json is there where a key of the log was revoked, as after a theft: the events that say so, and their proofs. Refuse what
that key signed later: python3 verify.py --revoked <file with lines of: key, size, time>.

erased.json is there where names, reasons and other personal text of old events were erased: the event that says so, and its proof.
stamps/ has time stamps (RFC 3161) of the head of the log: head -n 3 checkpoint > head;
openssl ts -verify -data head -in stamps/1.tsr -CAfile <certificate of the authority>
`;

type Bundle = { deps: EvidenceDeps; checkpoint: StoredCheckpoint; events: readonly ProvedEvent[]; isRedacted: boolean };

const proofsOf = async ({ deps, checkpoint, events }: Bundle): Promise<Files> => {
  const proofs = await deps.tree.proofs(
    events.map(({ seq }) => seq),
    checkpoint.size,
  );
  return Object.fromEntries(
    proofs.map(({ seq, index, path }) => [
      `proofs/${seq}.tlog-proof`,
      Buffer.from(proofText(index, path, checkpoint.note)),
    ]),
  );
};

export const vkeysOf = async ({ tree, signers, publishers, settings }: EvidenceDeps): Promise<string[]> => {
  const own = signers.map(({ raw }) => vkeyOf({ name: settings.origin, type: ED25519, raw }));
  const before = (await tree.keys.all()).map(({ vkey }) => vkey);
  const witnesses = publishers.flatMap(({ vkey }) => vkey ?? []);
  return [...new Set([...own, ...before, ...witnesses])];
};

const policyText = async ({ tree }: EvidenceDeps, sha256: string): Promise<Buffer> => {
  const source = await tree.policySource(sha256);
  if (source === null) throw new StartError(`The policy ${sha256}, which decided, is not stored.`);
  return Buffer.from(source);
};

const filesOf = async (bundle: Bundle, facts: GrantFacts, rendering: Rendering): Promise<Files> => {
  const { deps, checkpoint, events, isRedacted } = bundle;
  const read = events.map(readEvent);
  const vkeys = await vkeysOf(deps);
  const about = {
    origin: deps.settings.origin,
    vkeys,
    madeAt: new Date().toISOString(),
    isRedacted,
    checkpoint: checkpoint.note,
  };
  return {
    'grant.json': json(facts),
    'events.jsonl': Buffer.from(events.map(lineOf).join('')),
    ...(await proofsOf(bundle)),
    ...(await erasureOf(bundle)),
    ...(await revocationsOf(bundle)),
    ...(await stampsOf(bundle)),
    ...(await statementsOf(bundle, facts.grant)),
    checkpoint: Buffer.from(checkpoint.note),
    'policy.yml': await policyText(deps, facts.policySha256),
    'readback.json': readbackOf(facts, removalOf(read)),
    'keys.txt': Buffer.from(vkeys.map((vkey) => `${vkey}\n`).join('')),
    'report.html': Buffer.from(rendering.html(facts, about)),
    'report.pdf': await rendering.pdf(facts, about),
    'verify.py': await rendering.verifier(),
    README: Buffer.from(README),
  };
};

/** The manifest lists every other file; the note signs the manifest. */
const signed = async (deps: EvidenceDeps, files: Files, about: object): Promise<{ files: Files; manifest: string }> => {
  const listed = Object.entries(files).map(([name, data]) => ({ name, sha256: sha256(data), size: data.length }));
  const { manifest, note, digest } = await signManifest(deps, { kind: 'evidence', about, files: listed });
  return { manifest: digest, files: { 'manifest.json': manifest, 'manifest.note': note, ...files } };
};

type Proof = { index: number; path: Buffer[] };

/** An event of the log beside those of the grant, without its personal part, and with its proof. */
const openLine = (
  { seq, open, personalCommitment }: StoredEvent,
  { index, path }: Proof,
  { note }: StoredCheckpoint,
) => ({
  seq,
  open: partOf(open),
  personal: partOf({ commitment: personalCommitment }),
  proof: proofText(index, path, note),
});

/** What is erased has its commitment alone; the event that says so comes with its own proof. */
const erasureOf = async ({ deps, checkpoint, events, isRedacted }: Bundle): Promise<Files> => {
  if (isRedacted || events.every(({ personal }) => 'text' in personal)) return {};
  const erasure = await deps.tree.newestErasure(checkpoint.size);
  const [proof] = erasure ? await deps.tree.proofs([erasure.seq], checkpoint.size) : [];
  if (!erasure || !proof) return {};
  return { 'erased.json': json(openLine(erasure, proof, checkpoint)) };
};

/** For those who have bundles that a key signed which was revoked since. */
const revocationsOf = async ({ deps, checkpoint }: Bundle): Promise<Files> => {
  const events = await deps.tree.revocations(checkpoint.size);
  if (events.length === 0) return {};
  const proofs = await deps.tree.proofs(
    events.map(({ seq }) => seq),
    checkpoint.size,
  );
  const lines = events.flatMap((event, at) => {
    const proof = proofs[at];
    return proof ? [openLine(event, proof, checkpoint)] : [];
  });
  return { 'revoked.json': json(lines) };
};

type Sealed = { grant: string; segment: Segment };

const opened = ({ log }: EvidenceDeps, vault: Pick<Vault, 'open'>, { grant, segment }: Sealed): string | null => {
  try {
    return vault.open(segmentOwner(grant, segment.number), segment);
  } catch (error) {
    log.warn({ err: error, grant, segment: segment.number }, 'recorded statements cannot be decrypted');
    return null;
  }
};

/** Those whose digests are proved; what was erased, or cannot be decrypted here, is left out. */
const statementsOf = async ({ deps, events, isRedacted }: Bundle, grant: string): Promise<Files> => {
  const { vault } = deps;
  if (isRedacted || vault === null) return {};
  const digests = new Set(events.map((event) => readEvent(event).open.data['sha256']));
  const segments = (await deps.store.read.segments(grant)).filter(({ sha256: digest }) => digests.has(digest));
  const texts = segments.flatMap((segment) => opened(deps, vault, { grant, segment }) ?? []);
  return texts.length > 0 ? { 'statements.jsonl': Buffer.from(texts.join('')) } : {};
};

const stampsOf = async ({ deps, checkpoint }: Bundle): Promise<Files> => {
  const authorities = deps.publishers.filter(({ kind }) => kind === 'tsa');
  const found = await Promise.all(authorities.map(({ name }) => deps.tree.receipts(name)));
  const ours = found.flatMap((all) => all.filter(({ size }) => size === checkpoint.size));
  return Object.fromEntries(ours.map(({ receipt }, at) => [`stamps/${at + 1}.tsr`, receipt]));
};

const redacted = ({ seq, open, personalCommitment }: StoredEvent): ProvedEvent => ({
  seq,
  open,
  personal: { commitment: personalCommitment },
});

export const makeEvidence = async (
  deps: EvidenceDeps,
  input: EvidenceInput,
  rendering: Rendering,
): Promise<MadeEvidence> => {
  const { isRedacted } = input;
  const grant = await findGrant(deps, input.id);
  const ids = { grant: grant.id, request: grant.requestId };
  const checkpoint = await checkpointNow(deps);
  const found = await deps.tree.eventsOf(ids, checkpoint.size);
  const events = isRedacted ? found.map(redacted) : found;
  const facts = factsOf(ids, events.map(readEvent));
  if (!facts)
    throw new StartError(
      `The grant ${grant.id} began before the audit log was a tree, so its events cannot be proved one by one; latchkey audit export has them.`,
    );
  const files = await filesOf({ deps, checkpoint, events, isRedacted }, facts, rendering);
  const made = await signed(deps, files, { ...ids, isRedacted, madeAt: new Date().toISOString() });
  await deps.store.transaction((tx) =>
    tx.audit.append({
      type: 'evidence.made',
      actor: input.actor ?? SYSTEM,
      requestId: ids.request,
      grantId: ids.grant,
      target: grant.target,
      role: grant.role,
      data: { manifest: made.manifest, isRedacted, size: checkpoint.size },
    }),
  );
  return { ...ids, facts, manifest: made.manifest, zip: rendering.zip(made.files) };
};
