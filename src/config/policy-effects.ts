/** Settings that are right by themselves and have no effect where they stand: refused where more was meant than happens, else a warning. */
import type { CampaignSubject } from '../domain/reviews/campaign.ts';
import type { IssuerKind } from '../domain/principals/client.ts';
import type { Check } from './policy-check.ts';
import { checkTargetPattern } from './policy-patterns.ts';
import type { PolicyDocument } from './policy-schema.ts';

const IS_OF_TARGETS: Record<CampaignSubject, boolean> = {
  roles: true,
  durations: true,
  break_glass: true,
  clients: false,
  approvers: false,
  admins: false,
};

const checkReviews = (check: Check, { reviews = [] }: PolicyDocument): void => {
  for (const [at, { what, targets = [] }] of reviews.entries()) {
    const path = ['reviews', at, 'targets'];
    // That all are meant is no narrowing, and true.
    if (targets.some((pattern) => pattern !== '*') && !IS_OF_TARGETS[what]) {
      const message = `"targets" means nothing in a review of ${what}, which is of the whole policy; remove it.`;
      check.report.refuse('useless_key', path, message);
      continue;
    }
    for (const [index, pattern] of targets.entries()) checkTargetPattern(check, pattern, [...path, index]);
  }
};

const checkAlerts = ({ report, policy }: Check, { alerts = [] }: PolicyDocument): void => {
  if (policy.incidents !== null) return;
  for (const [at, { channel }] of alerts.entries()) {
    if (channel !== 'incident') continue;
    const message =
      'No channel is an incident in a policy without incidents, so this alert always goes by direct message; add a section incidents, or write channel: dm.';
    report.warn('no_incidents', ['alerts', at, 'channel'], message);
  }
};

/** Whether its tokens name the account of the person who started the job. */
const NAMES_STARTER: Record<IssuerKind, boolean> = {
  github: true,
  gitlab: true,
  circleci: true,
  oidc: true,
  buildkite: false,
  kubernetes: false,
};

const checkAccounts = ({ report, policy }: Check): void => {
  for (const name of Object.keys(policy.accounts)) {
    const issuer = Object.hasOwn(policy.issuers, name) ? policy.issuers[name] : undefined;
    if (!issuer || NAMES_STARTER[issuer.kind]) continue;
    const message = `"${name}" means nothing here: tokens of the kind ${issuer.kind} do not say who started the job; remove it.`;
    report.refuse('useless_key', ['accounts', name], message);
  }
};

const checkPlaces = ({ report }: Check, { audit }: PolicyDocument): void => {
  for (const [at, place] of (audit?.publish ?? []).entries()) {
    if (!('s3' in place) || place.s3.lock !== 'none' || place.s3.for === undefined) continue;
    const message = '"for" means nothing with lock: none; remove it, or choose lock: compliance or governance.';
    report.refuse('useless_key', ['audit', 'publish', at, 's3', 'for'], message);
  }
};

export const checkEffects = (check: Check, document: PolicyDocument): void => {
  // A part that was refused is no section that is missing.
  if (!check.isComplete) return;
  checkReviews(check, document);
  checkAlerts(check, document);
  checkAccounts(check);
  checkPlaces(check, document);
};
