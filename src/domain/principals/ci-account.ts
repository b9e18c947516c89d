/** An account of a CI that did something for a request. */
type What = 'opened' | 'labelled' | 'changed' | 'pushed' | 'wrote' | 'unlisted' | 'started' | 'ran_again';

export type AccountBehind = {
  /** By its name in the policy. */
  issuer: string;
  /** Empty where the host knows no account, or does not say which. */
  id: string;
  /** A commit by no account has its address here. */
  login: string;
  by: What;
  /** Addresses that are the account's for sure: the host has verified them. */
  emails: string[];
};
