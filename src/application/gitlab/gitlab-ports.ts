/** What the verbs of this room need of GitLab and of the store. */
import type { Deployment, GitlabProject } from '../../domain/gitlab/deployment.ts';
import type { RequestState } from '../../domain/lifecycle.ts';

export type DeploymentAnswer = { status: 'approved' | 'rejected'; comment: string };

/** Throws where GitLab cannot be asked now, or does not let the token. */
export type Gitlab = {
  project(id: string): Promise<GitlabProject | null>;
  /** Those that wait for approvals, the newest first. */
  blocked(projectId: string, environment: string): Promise<Deployment[]>;
  deployment(projectId: string, id: string): Promise<Deployment | null>;
  /** `refused`: why GitLab takes no answer, in its words; most often it waits no more. */
  answer(of: { projectId: string; id: string }, answer: DeploymentAnswer): Promise<{ refused: string | null }>;
  /** An approved job does not start by itself. `gone`: it cannot be started any more. */
  play(projectId: string, job: string): Promise<'done' | 'gone'>;
};

export type GitlabGate = {
  id: string;
  projectId: string;
  deployment: string;
  job: string;
  pipeline: string;
  environment: string;
  sha: string;
  requestId: string | null;
  refusal: string | null;
};

/** `state`: of its request, where there is one. */
export type OpenGitlabGate = GitlabGate & { state: RequestState | null; projectPath: string };

export type GitlabWrites = {
  /** The one of this deployment; made where there is none. Locked. `isNew`: nothing was requested for it. */
  openGate(
    gate: Omit<GitlabGate, 'requestId' | 'refusal'> & { projectPath: string },
  ): Promise<GitlabGate & { isSettled: boolean }>;
  setGate(id: string, set: Partial<Pick<GitlabGate, 'requestId' | 'refusal'>> & { isSettled?: true }): Promise<void>;
  /** Those that GitLab has no answer for, decided or still to be, after that one in the order of their ids. */
  openGates(of: { isDecided: boolean; after: Pick<GitlabGate, 'id'> | null; limit: number }): Promise<OpenGitlabGate[]>;
  /** The sha that was approved last for this environment. */
  lastDeployed(of: { projectId: string; environment: string }): Promise<string | null>;
};
