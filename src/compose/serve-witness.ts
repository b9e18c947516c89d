/** A witness on its own: no database, no Slack. */
import { startWitness } from '../http/witness/witness-server.ts';
import { createLog } from '../lib/log.ts';
import { COSIGNATURE, isKeyName, vkeyOf } from '../lib/transparency/note.ts';
import type { VerifierKey } from '../lib/transparency/note.ts';
import { openSigners } from '../lib/transparency/signers.ts';
import { StartError } from '../lib/start-error.ts';

type Settings = { logs: readonly VerifierKey[]; name: string; state: string; port: number; key: string };

const SECOND_MS = 1_000;

export const serveWitness = async ({ logs, name, state, port, key }: Settings): Promise<void> => {
  if (!isKeyName(name))
    throw new StartError('The name of the witness holds a space or a +; write one such as witness.other.test.');
  const [signer] = await openSigners(key, name);
  if (!signer) throw new StartError('LATCHKEY_AUDIT_KEY holds no key.');
  const log = createLog('info');
  const nowSeconds = (): bigint => BigInt(Math.floor(Date.now() / SECOND_MS));
  const host = process.env['LATCHKEY_HOST'] || null;
  const witness = await startWitness({ witness: { signer, logs, nowSeconds }, stateFile: state, port, host, log });
  log.info({ port: witness.port, key: vkeyOf({ name, type: COSIGNATURE, raw: signer.raw }) }, 'the witness is ready');
  const stop = (): void => void witness.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
};
