/** What an event looks like at a sink. */
import { cloudEvents } from './cloudevents.ts';
import { ecs } from './ecs.ts';
import type { Format } from './event.ts';
import { native } from './native.ts';
import { ocsf } from './ocsf.ts';

export type FormatName = 'native' | 'ocsf' | 'ecs' | 'cloudevents';

export const FORMATS: Record<FormatName, Format> = { native, ocsf, ecs, cloudevents: cloudEvents };
