/** Beside the chat: what is really so in the demo's production database, and a way in with the credentials one was given. */
import type { ComponentChildren, JSX } from 'preact';
import type { WorldCard, WorldState } from '../../page-server/protocol.ts';
import { Avatar } from '../panes/avatar.tsx';
import { Icon } from '../panes/icons.tsx';
import { personNamed } from '../state/names.ts';
import { useNow } from '../state/now.ts';
import { usePage } from '../state/page.tsx';
import { countdown } from '../text/dates.ts';
import type { Credentials } from './credentials.ts';
import { AlertPart, CiPart } from './pipeline.tsx';
import { Prompt } from './prompt.tsx';
import { Quests } from './quests.tsx';

const END_SOON_MS = 10_000;
const URGENT_MS = 60_000;

const Countdown = ({ until }: { until: string }): JSX.Element => {
  const now = useNow(500);
  const end = new Date(until).getTime();
  return <span class={`countdown${end - now < URGENT_MS ? ' is-urgent' : ''}`}>{countdown(end, now)}</span>;
};

const Part = ({
  title,
  count,
  children,
}: {
  title: string;
  count?: number;
  children: ComponentChildren;
}): JSX.Element => (
  <section class="part">
    <h3>
      {title}
      {count !== undefined && <span class="part-count">{count}</span>}
    </h3>
    {children}
  </section>
);

const Nothing = ({ children }: { children: string }): JSX.Element => <p class="nothing">{children}</p>;

type Grant = WorldState['grants'][number];
type Login = WorldState['logins'][number];

const GrantLine = ({ grant }: { grant: Grant }): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const person = personNamed(data, grant.person);
  const isActive = grant.state === 'active';
  return (
    <li class="card">
      <div class="card-line">
        <Avatar person={person} size="small" />
        <span class="card-name">{person?.realName ?? grant.person}</span>
        {isActive ? <Countdown until={grant.expiresAt} /> : <span class="pill">{grant.state}</span>}
      </div>
      <div class="card-line">
        <code>
          {grant.target}/{grant.role}
        </code>
        {isActive && (
          <button
            type="button"
            class="button button-default button-small"
            title="Moves the real deadline, in Latchkey's store and in the database, to ten seconds from now"
            onClick={() => attempt(ask({ act: 'world_end_soon', grantId: grant.id, inMs: END_SOON_MS }))}
          >
            End in 10 s
          </button>
        )}
      </div>
    </li>
  );
};

const LoginLine = ({ login }: { login: Login }): JSX.Element => {
  const { data } = usePage();
  const person = login.person === null ? undefined : personNamed(data, login.person);
  return (
    <li class={`login${login.canLogIn ? '' : ' is-off'}`}>
      <span class={`dot${login.canLogIn ? ' is-on' : ''}`} aria-hidden="true" />
      <span class="login-words">
        <span class="login-role">{login.role}</span>
        <span class="login-facts">
          {login.canLogIn ? '' : 'cannot log in · '}
          {login.person === null ? 'permanent, not Latchkey’s' : (person?.realName ?? login.person)}
          {login.server !== 'Postgres' && ` · ${login.server}`}
          {login.memberOf.length > 0 && ` · ${login.memberOf.join(', ')}`}
        </span>
      </span>
      {login.validUntil !== null && <Countdown until={login.validUntil} />}
    </li>
  );
};

const SessionLine = ({ session }: { session: WorldState['sessions'][number] }): JSX.Element => (
  <li class="session">
    <div class="card-line">
      <span class="login-role">{session.role}</span>
      <span class="pill">{session.state}</span>
    </div>
    {session.query !== '' && <code class="session-query">{session.query}</code>}
  </li>
);

const Grants = ({ grants }: { grants: Grant[] }): JSX.Element => (
  <Part title="Access given by Latchkey" count={grants.length}>
    {grants.length === 0 ? (
      <Nothing>Nobody has access now. That is how it should be.</Nothing>
    ) : (
      <>
        <ul class="cards">
          {grants.map((grant) => (
            <GrantLine key={grant.id} grant={grant} />
          ))}
        </ul>
        <p class="small-print">“End in 10 s” moves the real deadline, so that you need not wait for it.</p>
      </>
    )}
  </Part>
);

const Facts = ({ state }: { state: WorldState }): JSX.Element => (
  <>
    <Part title="Who can log in" count={state.logins.filter((login) => login.canLogIn).length}>
      {state.logins.length === 0 && <Nothing>Nobody can log in.</Nothing>}
      <ul>
        {state.logins.map((login) => (
          <LoginLine key={`${login.server}/${login.role}`} login={login} />
        ))}
      </ul>
    </Part>
    <Part title="Live sessions" count={state.sessions.length}>
      {state.sessions.length === 0 && <Nothing>Nobody is connected.</Nothing>}
      <ul>
        {state.sessions.map((session) => (
          <SessionLine key={`${session.role}/${session.pid}`} session={session} />
        ))}
      </ul>
    </Part>
  </>
);

type Props = { world: WorldCard; seen: Credentials | undefined; onClose: () => void };

export const WorldPanel = ({ world, seen, onClose }: Props): JSX.Element => {
  const { data } = usePage();
  return (
    <aside class="world" aria-label="Production">
      <header class="pane-head">
        <h2>
          <Icon name="server" /> Production <span class="topic">real servers, read live</span>
        </h2>
        <button type="button" class="icon-button" aria-label="Hide production" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="world-scroll" tabIndex={0} role="region" aria-label="State of production">
        <Quests quests={world.quests} />
        {world.trouble !== null && (
          <p class="dialog-trouble" role="alert">
            <Icon name="alert" size={14} /> {world.trouble}
          </p>
        )}
        {world.state === null ? <Nothing>Looking…</Nothing> : <Grants grants={world.state.grants} />}
        <Part title="Connect with my credentials">
          <Prompt key={data.me} seen={seen} sessions={world.state?.sessions ?? []} />
        </Part>
        {world.pipeline !== null && <CiPart pipeline={world.pipeline} />}
        {world.pipeline !== null && <AlertPart />}
        {world.state !== null && <Facts state={world.state} />}
      </div>
    </aside>
  );
};
