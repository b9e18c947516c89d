/** The answer of the first call with a key serves all later ones: for one list and no longer, since nothing is read again. */
export const remembering = <T>(load: (key: string) => Promise<T>): ((key: string) => Promise<T>) => {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const found = known.get(key) ?? load(key);
    known.set(key, found);
    return found;
  };
};
