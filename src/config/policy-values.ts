/** Values that stand in several sections of `latchkey.yml`. */
import { z } from 'zod';

const DURATION = /^(?=.*[1-9])(?:\d{1,6}w)?(?:\d{1,6}d)?(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$/;
/** A channel as the policy writes it. */
export const CHANNEL = /^(?:#[^\s#,<>]{1,80}|[CG][A-Z0-9]{4,})$/;

export const duration = z
  .string('must be a duration such as "30m", "4h" or "1h30m"')
  .regex(DURATION, 'must be a duration such as "30m", "4h" or "1h30m"');
