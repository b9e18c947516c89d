/** What use cases take and give, for the adapters that call them. Refusals are `DomainError`s unless listed here. */

export type TryAgainInput = { userId: string; grantId: string };

/** `problem` is for owners and admins; null for the requester, who can do nothing about it. */
export type TryAgainResult = { outcome: 'begun' } | { outcome: 'not_fixed'; problem: string | null };
