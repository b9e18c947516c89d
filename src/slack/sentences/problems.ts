/** What the requester can fix in a request, and what a rule says against it. */
import type { Facts } from '../../domain/errors.ts';
import type { RequestProblem } from '../../domain/policy/verdict.ts';
import { duration, named, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

export const deniedByRule = (facts: Facts): string => {
  const rule = words(facts, 'rule');
  const message = words(facts, 'message');
  const who = rule ? `Rule “${rule}” says no` : 'A rule says no';
  if (!message) return `${who}.`;
  return `${who}: ${message}${/[.!?…]$/.test(message) ? '' : '.'}`;
};

export const PROBLEM_SENTENCES = {
  unknown_target: (facts) =>
    `There is no ${named(facts, 'target', 'target')}. \`/prod-access\` alone opens the form with all of them.`,
  unknown_role: (facts) => {
    const target = words(facts, 'target');
    return `There is no ${named(facts, 'role', 'role')}${target ? ` in \`${target}\`` : ''}. \`/prod-access who ${target ?? '<target>'}\` lists its roles.`;
  },
  bad_duration: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is no duration. Write it like 30m, 1h or 1h30m.`,
  duration_over_cap: (facts) => {
    const cap = duration(facts, 'capMs');
    const asked = duration(facts, 'askedMs') ?? duration(facts, 'durationMs');
    return `${asked ? `${asked} is` : 'That is'} too long. ${cap ? `At most ${cap} here.` : 'Choose a shorter time.'}`;
  },
  reason_missing: () => 'Say why you need it, in a few words. Approvers read it.',
  reason_too_short: (facts) =>
    `Say a little more: at least ${words(facts, 'minimum') ?? 'a few'} characters of real text.`,
  reason_too_long: (facts) =>
    `The reason is too long${words(facts, 'maximum') ? `: at most ${words(facts, 'maximum') ?? ''} characters` : ''}. Say it shorter and link to the rest.`,
  ticket_missing: (facts) =>
    `This rule needs a ticket${words(facts, 'pattern') ? ` that matches \`${words(facts, 'pattern') ?? ''}\`` : ''}. Add one.`,
  ticket_mismatch: (facts) =>
    `This ticket does not fit${words(facts, 'pattern') ? `: write one that matches \`${words(facts, 'pattern') ?? ''}\`` : '; check it'}.`,
  ticket_too_long: (facts) =>
    `The ticket is too long${words(facts, 'maximum') ? `: at most ${words(facts, 'maximum') ?? ''} characters` : ''}. Give only its number.`,
  denied_by_rule: deniedByRule,
  no_rule: () => 'No rule of the policy covers this, so it was not sent. Ask an admin of Latchkey to add one.',
} satisfies Sentences;

export const sentenceOfProblem = (problem: RequestProblem): string => PROBLEM_SENTENCES[problem.code](problem.facts);

export const sentenceOfDenial = (denial: {
  code: 'denied_by_rule' | 'no_rule';
  rule: string | null;
  message: string;
}): string => PROBLEM_SENTENCES[denial.code]({ rule: denial.rule, message: denial.message });
