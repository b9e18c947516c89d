/** Ports of what is signed: the tree in the store, and the places that hold its checkpoints. */
import type { AuditSettings } from '../../domain/policy/audit-settings.ts';
import type { Revoked } from './audit-key-ports.ts';
import type { Vault } from '../grants/vault.ts';
import type { Log } from '../../lib/log.ts';
import type { Signer } from '../../lib/transparency/note.ts';
import type { ProvedEvent } from './evidence-facts.ts';
import type { Ids, Store } from '../deps.ts';

/** `note`: the signed note, with what witnesses added. */
export type StoredCheckpoint = { size: number; root: Buffer; note: string; signedAt: Date };

/** A verifier key that signs or signed this log. */
export type KnownKey = { vkey: string; isRetired: boolean; revoked: Revoked | null };

/** What one process at a time does: nobody else signs meanwhile. */
export type Signing = {
  /** Of the tree as it is now. */
  size: number;
  newest: StoredCheckpoint | null;
  rootsAt(sizes: readonly number[]): Promise<Buffer[]>;
  add(checkpoint: Omit<StoredCheckpoint, 'signedAt'>): Promise<void>;
};

/** The commitment stands beside the personal text, for bundles that leave that out. */
export type StoredEvent = ProvedEvent & { personalCommitment: Buffer };

export type AuditTree = {
  size(): Promise<number>;
  signing<T>(work: (signing: Signing) => Promise<T>): Promise<T>;
  newest(): Promise<StoredCheckpoint | null>;
  all(): Promise<StoredCheckpoint[]>;
  /** Milliseconds since the newest was signed; null when there is none. */
  newestAgeMs(): Promise<number | null>;
  /** From the sizes of the older and the newer tree. */
  consistency(oldSize: number, size: number): Promise<Buffer[]>;
  /** Adds lines of signatures to a stored note. */
  addSignatures(size: number, lines: string): Promise<void>;
  /** Events of this grant and of its request, in order, up to this size of the tree. */
  eventsOf(ids: { grant: string; request: string }, size: number): Promise<StoredEvent[]>;
  /** That these events are in the tree of this size. */
  proofs(seqs: readonly number[], size: number): Promise<{ seq: number; index: number; path: Buffer[] }[]>;
  /** The text of a policy that was in force. */
  policySource(sha256: string): Promise<string | null>;
  keys: {
    all(): Promise<KnownKey[]>;
    put(vkey: string, isRetired: boolean): Promise<void>;
    /** Leaves of the last head that was signed at this moment or before; 0 where there was none. */
    sizeAt(moment: Date): Promise<number>;
  };
  /** Runs `work` unless another process publishes. */
  publishing(work: () => Promise<void>): Promise<void>;
  /** Oldest first. */
  unpublished(place: string): Promise<StoredCheckpoint[]>;
  /** The largest size that this place is known to hold. */
  publishedSize(place: string): Promise<number>;
  /** `receipt`: what the place answered and cannot be fetched again. */
  setPublished(place: string, size: number, receipt: Buffer | null): Promise<void>;
  /** Oldest first. */
  receipts(place: string): Promise<{ size: number; note: string; receipt: Buffer }[]>;
  /** The newest event up to this size of the tree that says which personal parts are erased. */
  newestErasure(size: number): Promise<StoredEvent | null>;
  /** The events up to this size of the tree that say which keys were revoked. */
  revocations(size: number): Promise<StoredEvent[]>;
  setFailed(place: string, size: number, error: string): Promise<void>;
};

/** Something that a place gave back; nothing of it is believed before its signature was checked. */
export type Held = { text: string; source: string };

/** `put` may answer with lines of signatures that were added, and with a receipt to keep. Both throw what `message` of an error says. */
export type Publisher = {
  /** As it is stored and shown: `file:/var/lib/…`. */
  name: string;
  kind: 'slack' | 'file' | 's3' | 'git' | 'witness' | 'tsa';
  /** The verifier key of a witness, where it is known. */
  vkey: string | null;
  /** False where old checkpoints need not be sent. */
  takesEach: boolean;
  put(checkpoint: StoredCheckpoint, tree: PublishedTree): Promise<{ signatures: string; receipt?: Buffer }>;
  /** The newest alone, unless all are wanted. */
  held(wanted: 'newest' | 'all'): Promise<Held[]>;
};

export type PublishedTree = {
  publishedSize: number;
  consistency(oldSize: number): Promise<Buffer[]>;
};

export type EvidenceDeps = {
  store: Pick<Store, 'transaction' | 'audit' | 'read'>;
  tree: AuditTree;
  settings: AuditSettings;
  /** The first is the newest key; empty where nothing can be signed. */
  signers: readonly Signer[];
  publishers: readonly Publisher[];
  /** What encrypted recorded statements; null where its key is not at hand. */
  vault: Pick<Vault, 'open'> | null;
  ids: Ids;
  log: Log;
};
