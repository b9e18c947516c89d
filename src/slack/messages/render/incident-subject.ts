/** What a button of an incident's message is about: an incident, and maybe a target and a role in it. Names of the policy have no spaces. */

export type IncidentSubject = { incidentId: string; target?: string | undefined; role?: string | undefined };

/** Slack: docs.slack.dev/reference/block-kit/block-elements/button-element: a value has at most 2,000 characters. */
export const incidentSubject = ({ incidentId, target, role }: IncidentSubject): string =>
  [incidentId, target, role].filter((part) => part !== undefined).join(' ');

export const readSubject = (value: string): IncidentSubject => {
  const [incidentId = '', target, role] = value.split(' ');
  return { incidentId, target, role };
};
