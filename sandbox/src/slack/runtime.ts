/** The state together with the way to the app: what acts of people need. */
import type { Delivery } from './delivery.ts';
import type { State } from './state.ts';

export type Runtime = {
  state: State;
  delivery: Delivery;
  baseUrl: () => string;
};
