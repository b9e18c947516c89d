/** An event of the log as sinks are given it. Its number and both hashes are in every format: a receiver sees a hole, and can check the chain. */
import type { SealedRecord } from '../../domain/audit/events.ts';
import { currentEvent } from '../../domain/audit/names.ts';
import type { Json } from '../../domain/json.ts';

export type Facts = {
  seq: number;
  prevHash: string;
  hash: string;
  id: string;
  at: string;
  type: string;
  actor: { kind?: Json; id?: Json; name?: Json; email?: Json };
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  data: { [key: string]: Json };
};

export const factsOf = ({ actor, data, type, ...rest }: SealedRecord): Facts => ({
  ...rest,
  ...currentEvent(type, JSON.parse(data) as Facts['data']),
  actor: JSON.parse(actor) as Facts['actor'],
});

export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** `origin`: the log's name. */
export type Format = (facts: Facts, origin: string) => { [key: string]: unknown };
