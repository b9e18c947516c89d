/** Text where an app should have sent text: anything else is as good as nothing. */
export const wordsOf = (value: unknown): string => (typeof value === 'string' ? value : '');
