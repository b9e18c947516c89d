/** Whether a token is in force: clocks of issuers may differ from ours by 30 seconds, and nothing more is forgiven. */
import { claimOf, shownClaim } from './claims.ts';
import type { Claims } from './claims.ts';
import { MAX_AGE_MS } from './issuer.ts';
import type { IssuerKind } from '../principals/client.ts';
import type { ClaimCheck } from './match-client.ts';

export const LEEWAY_MS = 30_000;

const secondsOf = (claims: Claims, name: string): number | null => {
  const value = claimOf(claims, name);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
};

const shownTime = (value: unknown): string =>
  typeof value === 'number' && Math.abs(value) < 8e12
    ? `${value} (${new Date(value * 1000).toISOString()})`
    : shownClaim(value);

type Wanted = { claim: string; expected: string; isMet(ms: number): boolean; isOptional?: boolean };

const timeCheck = (claims: Claims, { claim, expected, isMet, isOptional = false }: Wanted): ClaimCheck => {
  const seconds = secondsOf(claims, claim);
  const value = claimOf(claims, claim);
  const isLeftOut = value === undefined && isOptional;
  return { claim, expected, found: shownTime(value), isMet: isLeftOut || (seconds !== null && isMet(seconds * 1000)) };
};

export const timeChecks = (kind: IssuerKind, claims: Claims, now: Date): ClaimCheck[] => {
  const nowMs = now.getTime();
  const at = now.toISOString();
  const maxAgeMs = MAX_AGE_MS[kind];
  const ofAge: Wanted[] =
    maxAgeMs === null
      ? []
      : [
          {
            claim: 'iat',
            expected: `a number, at most ${maxAgeMs / 60_000} minutes before ${at}`,
            isMet: (ms) => ms >= nowMs - maxAgeMs - LEEWAY_MS,
          },
        ];
  const wanted: Wanted[] = [
    { claim: 'exp', expected: `a number, after ${at}`, isMet: (ms) => ms > nowMs - LEEWAY_MS },
    { claim: 'iat', expected: `a number, not after ${at}`, isMet: (ms) => ms <= nowMs + LEEWAY_MS },
    { claim: 'nbf', expected: `a number, not after ${at}`, isMet: (ms) => ms <= nowMs + LEEWAY_MS, isOptional: true },
    ...ofAge,
  ];
  return wanted.map((one) => timeCheck(claims, one));
};
