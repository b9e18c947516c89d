/** The request form's fields: their ids, and what somebody has chosen and typed so far. */
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Policy, Role, Target } from '../../../domain/policy/types.ts';
import type { ShownView, ViewValues } from '../context.ts';

export const REQUEST_FORM = 'request_form';

/**
 * Actions of the form. Block ids of role and duration name what they depend on: Slack keeps a value while block and action id
 * stay, so a role of another target, or a duration of another role, is never carried over.
 */
export const FIELD = {
  target: 'target',
  targetSearch: 'target_search',
  role: 'role',
  roleSearch: 'role_search',
  duration: 'duration',
  reason: 'reason',
  ticket: 'ticket',
  start: 'start',
} as const;

/** Slack: docs.slack.dev/reference/block-kit/blocks/input-block, block_id at most 255 characters. */
export const blockId = {
  target: 'target',
  role: (target: string): string => `role:${target}`,
  duration: (target: string, role: string): string => `duration:${target}/${role}`,
  reason: 'reason',
  ticket: 'ticket',
  start: 'start',
} as const;

export const targetOfRoleBlock = (id: string): string => (id.startsWith('role:') ? id.slice('role:'.length) : '');

/** A channel; `isIncident` when it was opened from the incident's own message. */
export type Room = { channelId: string; isIncident: boolean };

const ROOM = /^(incident )?([A-Z0-9]+)(?: |$)/;
const ALERT = /(?:^| )alert ([0-9a-z]+)$/;

const writeRoom = ({ channelId, isIncident }: Room): string => `${isIncident ? 'incident ' : ''}${channelId}`;

const readRoom = (metadata: string): Room | null => {
  const [, isIncident, channelId] = ROOM.exec(metadata) ?? [];
  return channelId ? { channelId, isIncident: isIncident !== undefined } : null;
};

/** What the form carries unseen. Read back as if from a stranger: the use case judges all of it again. */
export const writeMetadata = ({ room, alertId }: Pick<FormState, 'room' | 'alertId'>): string =>
  [room && writeRoom(room), alertId && `alert ${alertId}`].filter(Boolean).join(' ');

export type FormState = {
  target: Target | null;
  role: Role | null;
  /** null: the role's default. */
  durationMs: number | null;
  /** What was typed as a duration and is none. */
  badDuration: string | null;
  reason: string;
  ticket: string;
  /** null: at once. */
  startsAt: Date | null;
  /** Where it was opened from; null for a direct message and the home tab. */
  room: Room | null;
  /** The alert it is asked for. */
  alertId: string | null;
};

export const EMPTY: FormState = {
  target: null,
  role: null,
  durationMs: null,
  badDuration: null,
  reason: '',
  ticket: '',
  startsAt: null,
  room: null,
  alertId: null,
};

const valueOf = (values: ViewValues, block: string): string => {
  const [input] = Object.values(values[block] ?? {});
  return input?.selected_option?.value ?? input?.value ?? '';
};

const startOf = (values: ViewValues): Date | null => {
  const seconds = values[blockId.start]?.[FIELD.start]?.selected_date_time;
  return typeof seconds === 'number' ? new Date(seconds * 1000) : null;
};

const own = <T>(record: Record<string, T>, name: string): T | null =>
  Object.hasOwn(record, name) ? (record[name] ?? null) : null;

export const choose = (policy: Policy, targetName: string, roleName: string): Pick<FormState, 'target' | 'role'> => {
  const target = own(policy.targets, targetName);
  return { target, role: target ? own(target.roles, roleName) : null };
};

/** Reads the form. A target with one role has chosen it: there is nothing to ask. */
export const readForm = (policy: Policy, view: Pick<ShownView, 'values' | 'privateMetadata'>): FormState => {
  const { values } = view;
  const targetName = valueOf(values, blockId.target);
  const roleName = valueOf(values, blockId.role(targetName));
  const chosen = choose(policy, targetName, roleName || onlyRole(policy, targetName));
  const typed = valueOf(values, blockId.duration(targetName, chosen.role?.name ?? ''));
  return {
    ...chosen,
    durationMs: readTypedDuration(typed),
    badDuration: typed && readTypedDuration(typed) === null ? typed : null,
    reason: valueOf(values, blockId.reason),
    ticket: valueOf(values, blockId.ticket),
    startsAt: startOf(values),
    room: readRoom(view.privateMetadata),
    alertId: ALERT.exec(view.privateMetadata)?.[1] ?? null,
  };
};

export const onlyRole = (policy: Policy, targetName: string): string => {
  const names = Object.keys(own(policy.targets, targetName)?.roles ?? {});
  return names.length === 1 ? (names[0] ?? '') : '';
};
