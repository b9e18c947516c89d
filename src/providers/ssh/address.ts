/** `host`, `host:port` or `[IPv6]:port`. */

const USUAL_PORT = 22;
const PARTS = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/;
const BARE_IPV6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/;

/** Ends a sentence that begins with its name. */
export const addressProblem = (text: string): string | null => {
  if (BARE_IPV6.test(text) && !text.startsWith('[')) return 'must have brackets around an IPv6 address: [::1]:22';
  const [whole, , host = '', port] = PARTS.exec(text) ?? [];
  if (whole === undefined || host.startsWith('-'))
    return 'must be a host, such as web-1.internal or web-1.internal:2222';
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
    ? null
    : 'has a port that is none: 1 to 65535';
};

/** Of an address that `addressProblem` finds nothing wrong with. */
export const readAddress = (text: string): { host: string; port: number } => {
  const [, bracketed, plain, port] = PARTS.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port === undefined ? USUAL_PORT : Number(port) };
};

/** As in a known_hosts file. */
export const knownHostName = ({ host, port }: { host: string; port: number }): string =>
  port === USUAL_PORT ? host : `[${host}]:${port}`;
