/** Where no public key of the holder is known yet, the credentials begin with it. */
import type { ModalView } from '@slack/types';
import { isDomainError } from '../../../domain/errors.ts';
import { section } from '../../messages/render/text.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { explainError, forField } from '../../errors.ts';
import { credentialsProblem, credentialsView } from './credentials.ts';
import { text } from './texts.ts';

const PUBLIC_KEY_FORM = 'public_key_form';
const PUBLIC_KEY = 'public_key';
/** Slack takes no more in an input. */
const LONGEST = 3_000;

export const publicKeyForm = (grantId: string): ModalView => ({
  type: 'modal',
  callback_id: PUBLIC_KEY_FORM,
  private_metadata: grantId,
  title: text('Credentials'),
  submit: text('Show credentials'),
  close: text('Close'),
  blocks: [
    section('The host lets you in by a certificate for your own SSH key. Your private key stays with you.'),
    {
      type: 'input',
      block_id: PUBLIC_KEY,
      label: text('Public key', 50),
      hint: text('The line of a file such as ~/.ssh/id_ed25519.pub. It is kept for your next access.', 150),
      element: {
        type: 'plain_text_input',
        action_id: PUBLIC_KEY,
        max_length: LONGEST,
        focus_on_load: true,
        placeholder: text('ssh-ed25519 AAAA…', 50),
      },
    },
  ],
});

export const publicKeySubmit: ViewHandler = {
  callbackId: PUBLIC_KEY_FORM,
  run: async (call) => {
    const publicKey = call.view.values[PUBLIC_KEY]?.[PUBLIC_KEY]?.value?.trim() ?? '';
    await show(call, publicKey);
  },
};

const show = async ({ slack, userId, view, ack }: SubmitCall, publicKey: string): Promise<void> => {
  try {
    const shown = await slack.useCases.showCredentials({ userId, grantId: view.privateMetadata, publicKey });
    await ack({ response_action: 'update', view: credentialsView(shown) });
  } catch (error) {
    const sentence = explainError(error, slack.log);
    const isOfField = isDomainError(error) && (error.code === 'bad_public_key' || error.code === 'public_key_missing');
    await ack(
      isOfField
        ? { response_action: 'errors', errors: { [PUBLIC_KEY]: forField(sentence) } }
        : { response_action: 'update', view: credentialsProblem(sentence) },
    );
  }
};
