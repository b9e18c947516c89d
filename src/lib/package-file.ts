/** Files that come with Latchkey beside its code; the code lies two folders below the root, as source and as bundle. */
export const packageFile = (name: string): URL => new URL(`../../${name}`, import.meta.url);
