/** The section `reviews` of `latchkey.yml`: what is looked at, how often, and by whom. */
import { z } from 'zod';
import { parseDuration } from '../domain/time/durations.ts';
import { CADENCES, CAMPAIGN_SUBJECTS, SILENCES } from '../domain/reviews/campaign.ts';
import type { CampaignPlan } from '../domain/reviews/campaign.ts';
import { duration } from './policy-values.ts';

const NAME_MAX = 100;
const MAX = 50;

const ref = z.string('must be owners, admins, a group or a person').min(1, 'is empty').max(200, 'is too long');

const review = z.strictObject(
  {
    name: z.string('must be a name').min(1, 'is empty').max(NAME_MAX, `is longer than ${NAME_MAX} characters`),
    every: z.enum(CADENCES, `must be one of ${CADENCES.join(', ')}`),
    what: z.enum(CAMPAIGN_SUBJECTS, `must be one of ${CAMPAIGN_SUBJECTS.join(', ')}`),
    targets: z
      .array(z.string('must be the name of a target, or a pattern'), 'must be a list of targets, as ["*"]')
      .min(1)
      .max(MAX)
      .optional(),
    by: z.union([ref, z.array(ref).min(1).max(MAX)], 'must be owners, admins, a group or a person, or a list of them'),
    within: duration.optional(),
    silence: z.enum(SILENCES, `must be one of ${SILENCES.join(', ')}`).optional(),
  },
  'must be a review with name, every, what and by',
);

export const reviewsSection = z
  .array(review, 'must be a list of reviews')
  .max(MAX, `has more than ${MAX} reviews`)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'has two reviews of one name');

const DEFAULT_WITHIN = '14d';

export const buildReviews = (shapes: z.infer<typeof reviewsSection> | undefined): CampaignPlan[] =>
  (shapes ?? []).map(({ name, every, what, targets, by, within, silence }) => ({
    name,
    every,
    what,
    targets: targets ?? ['*'],
    by: typeof by === 'string' ? [by] : by,
    withinMs: parseDuration(within ?? DEFAULT_WITHIN),
    silence: silence ?? 'escalate',
  }));
