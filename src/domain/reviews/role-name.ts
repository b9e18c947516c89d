/** A role as people write it. */
export const roleName = (target: string, role: string): string => `${target}/${role}`;
