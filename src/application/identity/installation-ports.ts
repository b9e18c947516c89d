/** Where the chat service's app is installed, in an organisation of several workspaces. */
import type { Sealed } from '../../lib/sealing.ts';

/** `id`: of the workspace, or of the organisation where it is installed for all; then `teamId` is null. */
export type InstallationFacts = {
  id: string;
  enterpriseId: string;
  teamId: string | null;
  name: string;
  botId: string;
  botUserId: string;
  scopes: string[];
};

/** `sealed`: its tokens, encrypted for this installation alone. */
export type StoredInstallation = InstallationFacts & { sealed: Sealed; expiresAt: Date | null };

export type InstallationReads = {
  /** Those for all first. */
  installations(): Promise<StoredInstallation[]>;
};

export type InstallationWrites = {
  /** What was read of the organisation's workspaces before now counts no more. */
  distrust(enterpriseId: string): Promise<void>;
  /** In place of the one before. */
  put(installation: StoredInstallation): Promise<void>;
  /** False where it was gone before. */
  remove(id: string): Promise<boolean>;
  /** True for one process until `forMs` have passed; that one renews the token. */
  claimRenewal(id: string, forMs: number): Promise<boolean>;
  setTokens(id: string, tokens: Pick<StoredInstallation, 'sealed' | 'expiresAt'>): Promise<void>;
};

export type InstallationBook = {
  list(): Promise<StoredInstallation[]>;
  add(installation: StoredInstallation, installedBy: string): Promise<void>;
  /** `why`: the chat service's word. */
  remove(installation: Pick<InstallationFacts, 'id' | 'name'>, why: string): Promise<void>;
} & Pick<InstallationWrites, 'distrust' | 'claimRenewal' | 'setTokens'>;
