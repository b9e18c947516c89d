/** The pull request that a request comes from. */
export type PullRequestFacts = {
  number: number;
  labels: string[];
  author: string;
  base: string;
  head: string;
  sha: string;
};
