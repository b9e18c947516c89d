/** What the stand-in holds: accounts, tokens, snippets, projects and their deployments. */
export type Account = { id: number; username: string };

/** `project`: null for a personal one. A private one is for its author alone. */
export type Snippet = {
  id: number;
  author: Account;
  project: number | null;
  visibility: 'private' | 'internal' | 'public';
  content: string;
};

/** `approvals`: how many a protected environment requires. */
export type Project = {
  id: number;
  path: string;
  tier: 'free' | 'premium';
  members: Account[];
  approvals: Record<string, number>;
};

export type Deployment = {
  id: number;
  project: number;
  environment: string;
  status: 'created' | 'blocked' | 'running' | 'success' | 'failed' | 'canceled';
  sha: string;
  ref: string;
  isTag: boolean;
  job: number;
  jobStatus: 'manual' | 'pending' | 'running' | 'success' | 'failed' | 'canceled';
  pipeline: number;
  starter: Account;
  needed: number;
  approvals: { by: Account; status: 'approved' | 'rejected'; comment: string | null }[];
};

/** `limited`: the rate limit. `error`: 502. `down`: connections are closed. `moved`: a redirect. */
export type GitlabFault = 'limited' | 'error' | 'down' | 'moved';

export type State = {
  /** Of the instance, without a trailing slash. */
  page: string;
  /** Whose the token is, and what it may do. */
  tokens: Map<string, { account: Account; scopes: string[] }>;
  snippets: Snippet[];
  projects: Map<number, Project>;
  deployments: Deployment[];
  /** `METHOD path`, of every call. */
  calls: string[];
  fault: GitlabFault | null;
};

export const newState = (): State => ({
  page: '',
  tokens: new Map(),
  snippets: [],
  projects: new Map(),
  deployments: [],
  calls: [],
  fault: null,
});

export const accountJson = ({ id, username }: Account): object => ({ id, username, name: username, state: 'active' });
