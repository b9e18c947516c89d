/** One human, bound to a Slack user id and team id. `id` is `<teamId>:<userId>`. */
export type Person = {
  kind: 'person';
  id: string;
  teamId: string;
  userId: string;
  name: string;
  email: string | null;
  timezone: string | null;
  isActive: boolean;
};
