/** Failures as the API says them. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export const statusBody = ({ code, reason, message }: StatusError): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

export const notFound = (what: string, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${what} "${name}" not found`);
export const conflict = (what: string, name: string, why: string): StatusError =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${what} "${name}": ${why}`);
export const invalid = (what: string, name: string, why: string): StatusError =>
  new StatusError(422, 'Invalid', `${what} "${name}" is invalid: ${why}`);
export const forbidden = (message: string): StatusError => new StatusError(403, 'Forbidden', message);
