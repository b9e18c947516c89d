/** Where the credentials that one was given are typed in. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { WorldConnection } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { usePage } from '../state/page.tsx';
import type { Credentials } from './credentials.ts';

type LoginProps = { seen: Credentials | undefined; onConnected: (connection: WorldConnection) => void };

export const Login = ({ seen, onConnected }: LoginProps): JSX.Element => {
  const { ask, attempt } = usePage();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const connect = async (): Promise<void> => {
    setBusy(true);
    setRefusal(null);
    try {
      onConnected(
        (await ask({ act: 'world_connect', user: user.trim(), password: password.trim() })) as WorldConnection,
      );
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="login-form"
      onSubmit={(event) => {
        event.preventDefault();
        attempt(connect());
      }}
    >
      {seen !== undefined && (
        <button
          type="button"
          class="button button-default button-small"
          onClick={() => {
            setUser(seen.user);
            setPassword(seen.password);
          }}
        >
          <Icon name="key" size={14} /> Use the credentials I was shown
        </button>
      )}
      <label>
        <span class="visually-hidden">User</span>
        <input
          class="field"
          placeholder="User"
          autocomplete="off"
          spellcheck={false}
          value={user}
          onInput={(event) => setUser(event.currentTarget.value)}
        />
      </label>
      <label>
        <span class="visually-hidden">Password or certificate</span>
        <input
          class="field"
          type="password"
          placeholder="Password or certificate"
          autocomplete="off"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="button button-primary-solid"
        disabled={isBusy || user === '' || password === ''}
        aria-busy={isBusy}
      >
        Connect
      </button>
      {refusal !== null && (
        <div class="result result-refused" role="alert">
          <b>The login was refused.</b>
          <code>{refusal}</code>
        </div>
      )}
      {seen === undefined && refusal === null && (
        <p class="small-print">Request access, choose “Show credentials”, and bring them here.</p>
      )}
    </form>
  );
};
