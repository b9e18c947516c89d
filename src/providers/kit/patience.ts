/**
 * How long a target may take over something: the time, and enough looks within it. A process that stood still meanwhile (a paused host, a
 * long pause of the garbage collector) has looked too seldom to conclude anything from the clock alone.
 */
const FEWEST_LOOKS = 10;

type Patience = { isOver: () => boolean };

/** `isOver` is called once after each look. */
export const createPatience = (withinMs: number): Patience => {
  const until = performance.now() + withinMs;
  let looks = 0;
  return { isOver: () => ++looks >= FEWEST_LOOKS && performance.now() >= until };
};
