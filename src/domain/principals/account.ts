/** An account of the chat service, as it is kept: plain data with the service's own names. */
export type Account = {
  id?: string | undefined;
  team_id?: string | undefined;
  is_stranger?: boolean | undefined;
  is_bot?: boolean | undefined;
  is_restricted?: boolean | undefined;
  is_ultra_restricted?: boolean | undefined;
  deleted?: boolean | undefined;
  name?: string | undefined;
  real_name?: string | undefined;
  tz?: string | undefined;
  profile: {
    email: string | undefined;
    display_name: string | undefined;
    real_name: string | undefined;
    /** Absent in what was kept before it was read. */
    image_48?: string | undefined;
  };
};

export const NO_ACCOUNT = 'has no account in this workspace';

type Flags = Pick<Account, 'deleted' | 'is_bot' | 'is_restricted' | 'is_ultra_restricted' | 'is_stranger'>;

/** null: a full member who is active. */
export const whyNotCounted = (account: Flags): string | null => {
  if (account.deleted === true) return 'has a closed account';
  if (account.is_bot === true) return 'is a bot';
  const isGuest =
    account.is_restricted === true || account.is_ultra_restricted === true || account.is_stranger === true;
  return isGuest ? 'is a guest, and only full members count' : null;
};
