/** The manifest of a set of files, and the signed note over it. */
import { createHash } from 'node:crypto';
import { signNote } from '../../lib/transparency/note.ts';
import { programVersion } from '../../lib/version.ts';
import type { EvidenceDeps } from './evidence-ports.ts';
import { liveSigners } from './revoked-keys.ts';

export type ListedFile = { name: string; sha256: string; size: number };
type Manifest = { kind: 'evidence' | 'report'; about: object; files: readonly ListedFile[] };

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

export const signManifest = async (
  deps: EvidenceDeps,
  { kind, about, files }: Manifest,
): Promise<{ manifest: Buffer; note: Buffer; digest: string }> => {
  const { origin } = deps.settings;
  const product = `latchkey ${programVersion()}`;
  const manifest = Buffer.from(`${JSON.stringify({ version: 1, ...about, origin, product, files }, null, 2)}\n`);
  const digest = sha256(manifest);
  const note = await signNote(`latchkey/${kind}/v1\n${origin}\n${digest}\n`, await liveSigners(deps));
  return { manifest, note: Buffer.from(note), digest };
};
