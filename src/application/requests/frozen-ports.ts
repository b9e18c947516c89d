/** What the store keeps of requests that only freezes denied, so that a person may override those for exactly this request. */
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { Principal } from '../../domain/principals/principal.ts';

export type FrozenRequest = {
  id: string;
  requesterId: string;
  /** Of a client: the job that was denied. */
  job: ClientJob | null;
  startedBy: string[];
  /** Behind the job, beside the one that started it. */
  accounts: AccountBehind[];
  target: string;
  role: string;
  durationMs: number;
  reason: string;
  ticket: string | null;
  freezes: string[];
  createdAt: Date;
};

/** `requestId`: what an override made of it; null where nobody overrode. `isOver`: kept too long ago to be overridden. */
export type FrozenView = FrozenRequest & { requester: Principal; requestId: string | null; isOver: boolean };

export type FrozenWrites = {
  /** The same requester, job and role again is the same one, with what was said last. @returns its id */
  keep(frozen: Omit<FrozenRequest, 'createdAt'>): Promise<string>;
  /** False where it was overridden before. */
  setRequest(id: string, requestId: string): Promise<boolean>;
};

export type FrozenReads = { frozen(id: string): Promise<FrozenView | null> };
