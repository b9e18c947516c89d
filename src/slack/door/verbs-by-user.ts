/** The verbs as Slack calls them: with the user id that Slack confirms. Who that is becomes a caller here, and nowhere else in Slack. */
import type { Caller, PersonCaller } from '../../application/identity/caller.ts';
import type { UseCases } from '../../application/verbs.ts';

type ByUser<Input> = Omit<Input, 'caller'> & { userId: string };

type InputOf<Verb> = Verb extends (input: infer Input) => unknown ? Input : never;

/** The verbs that run on somebody's behalf. */
type Called = {
  [Name in keyof UseCases]: InputOf<UseCases[Name]> extends { caller: Caller } ? Name : never;
}[keyof UseCases];

type CalledBySlack<Verb> = Verb extends (input: infer Input) => infer Result ? (input: ByUser<Input>) => Result : never;

export type VerbsByUser = Omit<UseCases, Called> & { [Name in Called]: CalledBySlack<UseCases[Name]> };

type CallerOf = (userId: string) => Promise<PersonCaller>;

type By = <Input extends { caller: Caller }, Result>(
  verb: (input: Input) => Promise<Result>,
) => (input: ByUser<Input>) => Promise<Result>;

const byUser =
  (callerOf: CallerOf): By =>
  <Input extends { caller: Caller }, Result>(verb: (input: Input) => Promise<Result>) =>
  async ({ userId, ...input }: ByUser<Input>): Promise<Result> =>
    // All of the input but its caller, and the caller: the compiler does not put the two together.
    verb({ ...input, caller: await callerOf(userId) } as unknown as Input);

const requestVerbs = (verbs: UseCases, by: By) => ({
  createRequest: by(verbs.createRequest),
  requestForAlert: by(verbs.requestForAlert),
  preview: by(verbs.preview),
  vote: by(verbs.vote),
  approveWithChanges: by(verbs.approveWithChanges),
  cancel: by(verbs.cancel),
  ownRequest: by(verbs.ownRequest),
  discuss: by(verbs.discuss),
  withdrawVote: by(verbs.withdrawVote),
  extend: by(verbs.extend),
  preApprove: by(verbs.preApprove),
  allowClient: by(verbs.allowClient),
  withdrawPreApproval: by(verbs.withdrawPreApproval),
  explainRequest: by(verbs.explainRequest),
  myRights: by(verbs.myRights),
  revocable: by(verbs.revocable),
  recentGrants: by(verbs.recentGrants),
  overview: by(verbs.overview),
  targetOverview: by(verbs.targetOverview),
});

const otherVerbs = (verbs: UseCases, by: By) => ({
  breakGlass: by(verbs.breakGlass),
  previewBreakGlass: by(verbs.previewBreakGlass),
  overrideChoices: by(verbs.overrideChoices),
  overrideFreeze: by(verbs.overrideFreeze),
  closeReview: by(verbs.closeReview),
  openReviews: by(verbs.openReviews),
  allowBreakGlass: by(verbs.allowBreakGlass),
  evidenceFor: by(verbs.evidenceFor),
  reportFor: by(verbs.reportFor),
  decideLine: by(verbs.decideLine),
  waitingLines: by(verbs.waitingLines),
  adviceFor: by(verbs.adviceFor),
  confirmAddress: by(verbs.confirmAddress),
  conflictingAddresses: by(verbs.conflictingAddresses),
  showCredentials: by(verbs.showCredentials),
  end: by(verbs.end),
  tryAgain: by(verbs.tryAgain),
  previewRevocation: by(verbs.previewRevocation),
  revokeAll: by(verbs.revokeAll),
  decideDrift: by(verbs.decideDrift),
  linkStatement: by(verbs.linkStatement),
  linkAccount: by(verbs.linkAccount),
  unlinkAccounts: by(verbs.unlinkAccounts),
  releaseAccount: by(verbs.releaseAccount),
  ownLinks: by(verbs.ownLinks),
  allLinks: by(verbs.allLinks),
  setPublicKey: by(verbs.setPublicKey),
  showPublicKey: by(verbs.showPublicKey),
  setAway: by(verbs.setAway),
  endAway: by(verbs.endAway),
  showAway: by(verbs.showAway),
  openIncident: by(verbs.openIncident),
  setSeverity: by(verbs.setSeverity),
  closeIncident: by(verbs.closeIncident),
  keepGrant: by(verbs.keepGrant),
});

export const verbsByUser = (verbs: UseCases, callerOf: CallerOf): VerbsByUser => {
  const by = byUser(callerOf);
  return { ...verbs, ...requestVerbs(verbs, by), ...otherVerbs(verbs, by) };
};
