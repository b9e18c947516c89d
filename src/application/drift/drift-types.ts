/** What targets say of the access that exists in them, as providers give it (`providers/provider.ts`). */
import type { Json } from '../../domain/json.ts';

/** `found` is the provider's own; only it reads that again. */
export type Found = { grantId: string; handle: Json; expiresAt: Date | null; name: string; found: Json };
export type Lookalike = { kind: 'lookalike' | 'stray' | 'group' | 'prepared'; name: string; why: string };
export type Difference = { kind: 'deadline' | 'wider' | 'narrower' | 'closed'; message: string };
