/** What the server answers, as far as these commands read it. */
export type RequestAnswer = {
  id: string;
  version: number;
  state: 'pending' | 'approved' | 'active' | 'denied' | 'lapsed' | 'cancelled' | 'ended';
  role: string;
  waiting_for: string[];
  by: string | null;
  why: string | null;
  grant: string | null;
  expires_at: string;
  window: { name: string; opens_at: string; closes_at: string; taken: boolean } | null;
  message_url: string | null;
};

export type Field = { name: string; env: string | null; value: string; secret: boolean };

export type CredentialsAnswer = { grant: string; expires_at: string; fields: Field[]; instructions: string };

export type HeartbeatAnswer = { grant: string; expires_at: string };

export type EndAnswer = { ended: string[]; ending: string[] };

export type ProblemAnswer = {
  code?: string;
  detail?: string;
  rule?: string | null;
  problems?: { field: string; code: string }[];
};
