/**
 * What the end of an access in its target is worth. `endsBy`: who takes it back at the deadline: Latchkey's revoke, the target by itself,
 * or both. `survives`: a sentence on what the end does not cut there, or null where it cuts all.
 */
export type EndGuarantee = { endsBy: 'revoke' | 'itself' | 'both'; survives: string | null };
