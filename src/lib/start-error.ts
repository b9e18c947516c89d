/** The start cannot go on, and the message says why and what to do: it is printed as it stands, without a stack. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}
