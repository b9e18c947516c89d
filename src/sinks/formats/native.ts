/** As the log has it. */
import type { Format } from './event.ts';

export const native: Format = (facts, origin) => ({ origin, ...facts });
