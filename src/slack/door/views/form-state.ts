/** The request form's fields: their ids, and what somebody has chosen and typed so far. */
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Policy, Role, Target } from '../../../domain/policy/types.ts';
import type { ShownView, ViewValues } from '../shown-view.ts';

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
  later: 'start_later',
  publicKey: 'public_key',
  picks: ['pick_0', 'pick_1', 'pick_2', 'pick_3', 'pick_4'],
} as const;
export const PICKS_MAX = FIELD.picks.length;

/** Slack: docs.slack.dev/reference/block-kit/blocks/input-block, block_id at most 255 characters. */
export const blockId = {
  target: 'target',
  role: (target: string): string => `role:${target}`,
  /** `picks`: how often a quick pick was clicked, after which the field holds that and not what was typed. */
  duration: (target: string, role: string, picks: number): string =>
    `duration:${target}/${role}${picks > 0 ? `:${picks}` : ''}`,
  reason: 'reason',
  ticket: 'ticket',
  start: 'start',
  publicKey: 'public_key',
} as const;

export const targetOfRoleBlock = (id: string): string => (id.startsWith('role:') ? id.slice('role:'.length) : '');

/** A channel; `isIncident` when it was opened from the incident's own message. */
export type Room = { channelId: string; isIncident: boolean };

const ROOM = /^(incident )?([A-Z0-9]+)(?: |$)/;
const ALERT = /(?:^| )alert ([0-9a-z]+)(?: |$)/;
const LATER = /(?:^| )later(?: |$)/;
const PICKS = /(?:^| )picks (\d{1,4})$/;

const writeRoom = ({ channelId, isIncident }: Room): string => `${isIncident ? 'incident ' : ''}${channelId}`;

const readRoom = (metadata: string): Room | null => {
  const [, isIncident, channelId] = ROOM.exec(metadata) ?? [];
  return channelId ? { channelId, isIncident: isIncident !== undefined } : null;
};

/** What the form carries unseen. Read back as if from anyone: the use case judges all of it again. */
export const writeMetadata = ({ room, alertId, isLater, picks }: Carried): string =>
  [
    room && writeRoom(room),
    alertId && `alert ${alertId}`,
    isLater ? 'later' : null,
    picks > 0 ? `picks ${picks}` : null,
  ]
    .filter(Boolean)
    .join(' ');

type Carried = Pick<FormState, 'room' | 'alertId' | 'isLater' | 'picks'>;

export type FormState = {
  target: Target | null;
  role: Role | null;
  /** null: the role's default. */
  durationMs: number | null;
  /** As it was typed; null where nothing was. Where it is none, `durationMs` is null. */
  typedDuration: string | null;
  /** How often a quick pick was clicked. */
  picks: number;
  reason: string;
  ticket: string;
  /** null: at once. */
  startsAt: Date | null;
  /** The field for a start is unfolded. */
  isLater: boolean;
  /** Of the person, where the target needs one and none was known. */
  publicKey: string;
  /** Where it was opened from; null for a direct message and the home tab. */
  room: Room | null;
  /** The alert it is for. */
  alertId: string | null;
};

export const EMPTY: FormState = {
  target: null,
  role: null,
  durationMs: null,
  typedDuration: null,
  picks: 0,
  reason: '',
  ticket: '',
  startsAt: null,
  isLater: false,
  publicKey: '',
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
  const picks = Number(PICKS.exec(view.privateMetadata)?.[1] ?? 0);
  const typed = valueOf(values, blockId.duration(targetName, chosen.role?.name ?? '', picks)).trim();
  return {
    ...chosen,
    durationMs: readTypedDuration(typed),
    typedDuration: typed || null,
    picks,
    reason: valueOf(values, blockId.reason),
    ticket: valueOf(values, blockId.ticket),
    startsAt: startOf(values),
    isLater: LATER.test(view.privateMetadata),
    publicKey: valueOf(values, blockId.publicKey).trim(),
    room: readRoom(view.privateMetadata),
    alertId: ALERT.exec(view.privateMetadata)?.[1] ?? null,
  };
};

export const onlyRole = (policy: Policy, targetName: string): string => {
  const names = Object.keys(own(policy.targets, targetName)?.roles ?? {});
  return names.length === 1 ? (names[0] ?? '') : '';
};
