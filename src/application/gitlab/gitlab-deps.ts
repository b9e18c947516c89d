/** What the room is given beside the ports of all rooms. */
import type { Deps } from '../deps.ts';
import type { Gitlab } from './gitlab-ports.ts';

export type GitlabDeps = Deps & {
  gitlab: Gitlab;
  /** Of the instance that the token is for, without a trailing slash. */
  instance: string;
};
