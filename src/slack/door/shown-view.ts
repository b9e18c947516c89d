/** A view as Slack sends it back, with what was chosen in it. */

/** The values of a view's inputs: block id, then action id. */
export type ViewValues = Record<string, Record<string, InputValue>>;
export type InputValue = {
  type: string;
  value?: string | null;
  selected_option?: { value: string } | null;
  /** Seconds since the epoch. */
  selected_date_time?: number | null;
};

export type ShownView = {
  id: string;
  hash: string;
  privateMetadata: string;
  values: ViewValues;
};
