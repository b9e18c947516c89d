/** What the verbs of this room are given. */
import type { Deps } from '../deps.ts';
import type { Github } from './github-ports.ts';

export type GithubDeps = Deps & {
  github: Github;
  /** Where the request is shown to those who decide it; null where it is not yet, or cannot be linked to. */
  linkTo(requestId: string): Promise<string | null>;
};

/** GitHub sends nothing again by itself, and its list of what failed reaches back some days. */
export const DELIVERIES_KEPT_MS = 7 * 24 * 3_600_000;

/** As people find its kind of work: `gate:…`, `pull:…`, `delivery:…`. */
export type Subject = { kind: 'gate' | 'pull' | 'delivery'; id: string };

export const subjectText = ({ kind, id }: Subject): string => `${kind}:${id}`;
