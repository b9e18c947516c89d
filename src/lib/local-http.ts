/** Plain http is for this machine alone: nobody else reads what is sent. */
import { isLoopback } from './postgres-tls.ts';

export const isLocalHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
