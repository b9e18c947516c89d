/** Text that a database keeps: Postgres refuses the character zero, and halves of characters in JSON. */
export const storable = (text: string): string => text.replaceAll('\u0000', '').replace(/\p{Cs}/gu, '\ufffd');

/** The beginning of it; a cut through a character leaves no half of one. */
export const storableStart = (text: string, max: number): string => storable(text.slice(0, max));
