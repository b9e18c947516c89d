/**
 * What a scope names by a name that its target can give to another thing: a freed address of a group, the slug of a team. So a name means
 * what it led to first, and nothing once it leads elsewhere, until an admin writes the id of the right one into the scope.
 */

/** `name`: with its kind, as "team acme/prod-access". `id`: stays with the thing whatever it is called, and no other ever gets it. */
export type NamedInTarget = { name: string; id: string };

/** `bound`: the id that the name led to first. */
export const movedNameText = ({ name, bound, found }: { name: string; bound: string; found: string }): string =>
  `The ${name} had the id ${bound} when Latchkey first looked, and has the id ${found} now`;
