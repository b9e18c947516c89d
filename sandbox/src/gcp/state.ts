/** What the stand-in holds: projects with their policies, roles, people, and what its own faults are at the moment. */
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export type Condition = { title?: string; description?: string; expression?: string };
export type Binding = { role: string; members: string[]; condition?: Condition };
export type Policy = { version: number; etag: string; bindings: Binding[] };
export type Fault = { status: number; reason?: string } | 'reset' | 'reset after' | 'hang' | null;
export type Identity = { member: string };

export type State = {
  /** The newest is last; older ones are read for a while. */
  policies: Map<string, { at: number; policy: Policy }[]>;
  roles: Map<string, string[]>;
  /** Accounts that exist, as a policy names them. */
  members: Set<string>;
  /** Of Latchkey's service account. */
  email: string;
  publicKey: KeyObject;
  privateKey: string;
  /** Subject tokens that the federation takes. */
  subjectTokens: Set<string>;
  tokens: Map<string, { member: string; expiresAt: number }>;
  assertions: Set<string>;
  /** Reads may be so old. */
  staleMs: number;
  /** A change has effect so late. */
  propagationMs: number;
  /** Of Google's clock against that of this machine. */
  clockAheadMs: number;
  /** Writes in this minute, and how many are allowed. */
  writes: number;
  writesMax: number;
  log: string[];
  onRequest: (line: string) => Fault;
};

export const newState = (): State => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    policies: new Map(),
    roles: new Map(),
    members: new Set(),
    email: 'latchkey@acme-prod.iam.gserviceaccount.com',
    publicKey,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    subjectTokens: new Set(),
    tokens: new Map(),
    assertions: new Set(),
    staleMs: 0,
    propagationMs: 0,
    clockAheadMs: 0,
    writes: 0,
    writesMax: 600,
    log: [],
    onRequest: () => null,
  };
};

export const newestOf = (state: State, project: string): Policy => {
  const policy = state.policies.get(project)?.at(-1)?.policy;
  if (!policy) throw new Error(`there is no project ${project}`);
  return policy;
};

/** As it was `agoMs` ago. */
export const policyAt = (state: State, project: string, agoMs: number): Policy => {
  const all = state.policies.get(project) ?? [];
  const until = performance.now() - agoMs;
  return (all.findLast(({ at }) => at <= until) ?? all[0])?.policy ?? newestOf(state, project);
};

let made = 0;
export const nextEtag = (): string => {
  made += 1;
  return Buffer.from(`BwX${made}`).toString('base64');
};

const KEPT = 50;
export const write = (state: State, project: string, bindings: Binding[]): Policy => {
  const policy = { version: 3, etag: nextEtag(), bindings };
  const all = [...(state.policies.get(project) ?? []), { at: performance.now(), policy }];
  state.policies.set(project, all.slice(-KEPT));
  return policy;
};

export const addProject = (state: State, project: string, bindings: Binding[] = []): void => {
  state.policies.delete(project);
  write(state, project, bindings);
};
