/** Where an account of a CI lives: its id means somebody only together with its host. */
import { isLocalHttp } from '../../lib/local-http.ts';
import type { Issuer } from './issuer.ts';

export const LINKED_KINDS = ['github', 'gitlab'] as const;
export type LinkedKind = (typeof LINKED_KINDS)[number];

/** What is on this machine alone is a stand-in, and its parts listen on ports of their own. */
const LOCAL = 'http://localhost';

const TOKENS = 'token.actions.';

const bare = (url: string): string => url.replace(/\/+$/, '');

/** `https://github.com`, of the address of its API or of an issuer of its tokens. */
const githubHost = (url: URL): string => {
  const { hostname, origin } = url;
  if (hostname === 'api.github.com' || hostname === `${TOKENS}githubusercontent.com`) return 'https://github.com';
  if (hostname.startsWith(TOKENS)) return `https://${hostname.slice(TOKENS.length)}`;
  return hostname.startsWith('api.') && hostname.endsWith('.ghe.com') ? `https://${hostname.slice(4)}` : origin;
};

/** The host of an address of GitHub's or GitLab's. GitLab may lie below a path. */
export const hostOf = (kind: LinkedKind, address: string): string => {
  const url = new URL(address);
  if (isLocalHttp(url)) return LOCAL;
  return kind === 'github' ? githubHost(url) : bare(`${url.origin}${url.pathname}`);
};

const isLinkedKind = (kind: string): kind is LinkedKind => LINKED_KINDS.some((known) => known === kind);

/** Null where accounts of the issuer cannot be linked. */
export const accountHost = ({ kind, url }: Pick<Issuer, 'kind' | 'url'>): { kind: LinkedKind; host: string } | null =>
  isLinkedKind(kind) && URL.canParse(url) ? { kind, host: hostOf(kind, url) } : null;
