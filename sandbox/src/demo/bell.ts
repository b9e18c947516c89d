/** The page is notified of what happens around production; it is put up later than the first of it is started. */
export type Bell = { ring(): void; onRing(listener: () => void): void };

export const createBell = (): Bell => {
  let listener = (): void => {};
  return {
    ring: () => listener(),
    onRing: (given) => {
      listener = given;
    },
  };
};
