/** A pull request with its entry in the policy. */
import type { PullRequestEntry } from '../../domain/github/entries.ts';
import type { Pull, PullFacts } from './github-ports.ts';
export type Pulled = { entry: PullRequestEntry; pull: PullFacts; row: Pull };
