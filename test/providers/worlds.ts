/** What the contract suite asks of a provider's tests: a real target of its kind, and how a person uses the access there. */
import type { Json } from '../../src/domain/json.ts';
import type { Secret } from '../../src/providers/provider.ts';

export type Visit = {
  /** Who the target says it is, and as what it acts. */
  whoAmI(): Promise<{ person: string; actingAs: string }>;
  read: () => Promise<number>;
  /** Rejects where the role may only read. */
  write: () => Promise<void>;
  isCut: () => boolean;
  leave: () => Promise<void>;
};

export type World = {
  config: Json;
  roles: { read: { scope: Json; actsAs: string }; write: { scope: Json; actsAs: string } };
  /** Any object is a scope there. */
  takesAnyScope?: true;
  /** Of the person, for targets that make credentials for it. */
  publicKey?: string;
  /** Rejects when the target refuses the secret. */
  enter: (secret: Secret | undefined) => Promise<Visit>;
  /** How many accesses of this grant exist in the target, asked past the provider. */
  countOf: (grantId: string) => Promise<number>;
  close: () => Promise<void>;
};

export type WorldOption = { title: string; open: () => Promise<World> };
