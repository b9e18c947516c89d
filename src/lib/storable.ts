/** Text that a database keeps: Postgres refuses the character zero, and halves of characters in JSON. */
export const storable = (text: string): string => text.replaceAll('\u0000', '').replace(/\p{Cs}/gu, '\ufffd');
