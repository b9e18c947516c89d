/** `/prod-access key ssh-ed25519 AAAA…`: the public key for which certificates of SSH hosts are made. */
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const EXAMPLE = typed('key ssh-ed25519 AAAA…');

export const key: Command = {
  name: 'key',
  usage: 'key [public key]',
  does: 'show your SSH public key, or set it; your certificates are made for it',
  audience: 'key holders',
  run: async ({ slack, userId, text, reply }) => {
    if (text.trim() !== '') {
      const { fingerprint } = await slack.useCases.setPublicKey({ userId, text });
      return reply({ text: `Your public key is ${code(fingerprint)} now. Certificates are made for it from here on.` });
    }
    const known = await slack.useCases.showPublicKey({ userId });
    if (known === null)
      return reply({
        text: `You have set no public key. ${EXAMPLE} sets it: the line of a file that ends in \`.pub\`.`,
      });
    return reply({ text: `Your public key is ${code(known.fingerprint)}. ${EXAMPLE} sets another one.` });
  },
};
