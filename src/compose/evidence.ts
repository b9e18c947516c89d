/** What signs the log and publishes it: beside the running app, and for the commands. */

import type { EvidenceDeps, Publisher } from '../application/evidence/evidence-ports.ts';
import type { MakeBundle } from '../application/evidence/evidence-for.ts';
import { makeEvidence } from '../application/evidence/make-evidence.ts';
import { publishCheckpoints } from '../application/evidence/publish-checkpoints.ts';
import type { Pauses } from '../application/evidence/publish-checkpoints.ts';
import { CheckpointRefused, signWhenDue } from '../application/evidence/sign-checkpoint.ts';
import type { Store } from '../application/deps.ts';
import type { AuditSettings, Place } from '../domain/policy/audit-settings.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import { StartError } from '../lib/start-error.ts';
import { rendering } from '../bundles/rendering.ts';
import { openSigners } from '../lib/transparency/signers.ts';
import { awsKeys } from '../config/aws-keys.ts';
import { filePublisher } from '../publishers/file.ts';
import { gitPublisher } from '../publishers/git.ts';
import { s3Publisher } from '../publishers/s3.ts';
import { tsaPublisher } from '../publishers/tsa.ts';
import { witnessPublisher } from '../publishers/witness.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import type { createPool } from '../store/client.ts';
import { auditTree } from '../store/audit/checkpoints.ts';

/** `client` is null where no token is at hand: then the channels are not read. */
export type EvidenceParts = {
  pool: ReturnType<typeof createPool>;
  store: Store;
  client: SlackConnection['client'] | null;
  auditKey: string | null;
  vault: EvidenceDeps['vault'];
  log: Log;
};

const tsaOf = (url: string, pool: EvidenceParts['pool']): Publisher =>
  tsaPublisher({ url, stamps: () => auditTree(pool).receipts(`tsa:${url}`) });

/** Loaded where there is a client: commands without a token load nothing of Slack. */
const slackPlace = async (client: SlackConnection['client'], store: Store, channel: string): Promise<Publisher> => {
  const { slackPublisher } = await import('../slack/messages/checkpoint-publisher.ts');
  const { createChannels } = await import('../slack/messages/channels.ts');
  return slackPublisher({ client, channels: createChannels({ client, store }), channel });
};

const publisherOf = async (
  place: Place,
  { client, store, pool }: EvidenceParts,
  { origin }: AuditSettings,
): Promise<Publisher[]> => {
  if (place.kind === 'file') return [filePublisher(place.folder)];
  if (place.kind === 'witness') return [witnessPublisher({ ...place, origin })];
  if (place.kind === 'git') return [gitPublisher(place)];
  if (place.kind === 's3') return [s3Publisher({ ...place, keys: awsKeys(process.env) })];
  if (place.kind === 'tsa') return [tsaOf(place.url, pool)];
  return client ? [await slackPlace(client, store, place.channel)] : [];
};

export const openEvidence = async (parts: EvidenceParts, settings: AuditSettings): Promise<EvidenceDeps> => ({
  store: parts.store,
  tree: auditTree(parts.pool),
  settings,
  signers: parts.auditKey === null ? [] : await openSigners(parts.auditKey, settings.origin),
  publishers: (await Promise.all(settings.publish.map((place) => publisherOf(place, parts, settings)))).flat(),
  vault: parts.vault,
  ids: { next: newId },
  log: parts.log,
});

export type Running = { parts: EvidenceParts; audit: () => AuditSettings | null };

/** Makes evidence by the policy in force. */
export const bundleWriter =
  ({ parts, audit }: Running): MakeBundle =>
  async (input) => {
    const settings = audit();
    if (!settings)
      throw new StartError('There is no section "audit" in the policy, so the log is not signed; an admin adds it.');
    return makeEvidence(await openEvidence(parts, settings), input, rendering);
  };

const POLL_MS = 2_000;
/** A log that does not fit is looked at again so often. */
const REFUSED_PAUSE_MS = 60_000;

/** Signs and publishes by the policy in force. */
export const startCheckpoints = ({ parts, audit }: Running): Loop => {
  const pauses: Pauses = new Map();
  let made: { text: string; deps: EvidenceDeps } | null = null;
  let refusedUntilMs = 0;
  const depsFor = async (settings: AuditSettings): Promise<EvidenceDeps> => {
    const text = JSON.stringify(settings);
    if (made?.text !== text) made = { text, deps: await openEvidence(parts, settings) };
    return made.deps;
  };
  const sign = async (deps: EvidenceDeps): Promise<void> => {
    if (deps.signers.length === 0 || performance.now() < refusedUntilMs) return;
    try {
      await signWhenDue(deps);
    } catch (error) {
      if (!(error instanceof CheckpointRefused)) throw error;
      refusedUntilMs = performance.now() + REFUSED_PAUSE_MS;
      parts.log.error({ problems: error.problems }, 'the audit log is not the one that was signed before');
    }
  };
  return startLoop({
    everyMs: POLL_MS,
    run: async () => {
      const settings = audit();
      if (!settings) return;
      const deps = await depsFor(settings);
      await sign(deps);
      await publishCheckpoints(deps, pauses);
    },
    onError: (error) => parts.log.error({ err: error }, 'signing or publishing a checkpoint failed'),
  });
};
