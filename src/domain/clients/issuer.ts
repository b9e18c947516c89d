/** Who issues the tokens of machines, as the policy lists them. */
import type { IssuerKind } from '../principals/client.ts';

export type Issuer = {
  name: string;
  kind: IssuerKind;
  /** Compared with `iss` as it stands, byte for byte. */
  url: string;
  /** Path of a file with the issuer's key set; nothing is fetched then. */
  keysFile: string | null;
};

/** Fixed for each kind: what a token's own header says never widens it. No symmetric ones, no `none`. */
export const ALGORITHMS: Record<IssuerKind, readonly string[]> = {
  github: ['RS256'],
  gitlab: ['RS256'],
  buildkite: ['RS256'],
  circleci: ['RS256'],
  kubernetes: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
  oidc: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
};

const MINUTE_MS = 60_000;

/** How old a token may be, by its `iat`. Null where a job keeps one token, so that only `exp` bounds it. */
export const MAX_AGE_MS: Record<IssuerKind, number | null> = {
  github: 10 * MINUTE_MS,
  gitlab: null,
  buildkite: 10 * MINUTE_MS,
  circleci: null,
  kubernetes: null,
  oidc: null,
};

const GITHUB = 'https://token.actions.githubusercontent.com';

/** Where no `url` is given; null where a kind has no address of its own. */
export const defaultUrl = (
  kind: IssuerKind,
  { host, enterprise }: { host?: string; enterprise?: string },
): string | null => {
  if (kind === 'gitlab') return host === undefined ? 'https://gitlab.com' : `https://${host}`;
  if (kind === 'buildkite') return 'https://agent.buildkite.com';
  if (kind !== 'github') return null;
  const base =
    host === undefined
      ? GITHUB
      : host.endsWith('.ghe.com')
        ? `https://token.actions.${host}`
        : `https://${host}/_services/token`;
  return enterprise === undefined ? base : `${base}/${enterprise}`;
};
