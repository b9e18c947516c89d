/** What the stand-in holds: accounts, tokens and snippets. */
export type Account = { id: number; username: string };

/** `project`: null for a personal one. A private one is for its author alone. */
export type Snippet = {
  id: number;
  author: Account;
  project: number | null;
  visibility: 'private' | 'internal' | 'public';
  content: string;
};

/** `limited`: the rate limit. `error`: 502. `down`: connections are closed. `moved`: a redirect. */
export type GitlabFault = 'limited' | 'error' | 'down' | 'moved';

export type State = {
  /** Whose the token is. */
  tokens: Map<string, Account>;
  snippets: Snippet[];
  /** `METHOD path`, of everything that was asked. */
  calls: string[];
  fault: GitlabFault | null;
};

export const newState = (): State => ({ tokens: new Map(), snippets: [], calls: [], fault: null });

export const accountJson = ({ id, username }: Account): object => ({ id, username, name: username, state: 'active' });
