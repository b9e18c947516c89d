/** A small prompt with the credentials one was given: a write may be refused, and the session is cut when the time is over. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { QueryResult, WorldConnection, WorldState } from '../../page-server/protocol.ts';
import { usePage } from '../state/page.tsx';
import type { Credentials } from './credentials.ts';
import { Login } from './login.tsx';

type Chip = { label: string; sql: string };

/** Of the demo's shop, and of any database. */
const postgresChips: Chip[] = [
  { label: 'Select', sql: 'select * from stuck_orders limit 5' },
  { label: 'Update', sql: "update orders set status = 'paid' where id = 1183" },
  {
    label: 'Insert',
    sql: "insert into orders (id, customer_id, status, placed_at) values (90001, 1, 'pending', now())",
  },
  { label: 'Tables', sql: "select table_name from information_schema.tables where table_schema = 'public'" },
];

/** Ready-made for each of the demo's hosts. */
const chipsOf: Record<string, Chip[]> = {
  Postgres: postgresChips,
  MariaDB: [
    { label: 'Select', sql: 'select * from points' },
    { label: 'Update', sql: "update points set state = 'credited' where order_id = 1183" },
  ],
  Redis: [
    { label: 'Get', sql: 'GET session:1183' },
    { label: 'Set', sql: 'SET session:1183 gone' },
  ],
  SSH: [
    { label: 'Log', sql: 'cat /srv/app/checkout.log' },
    { label: 'Who am I', sql: 'id -un' },
  ],
};

const reasonOf = (result: Extract<QueryResult, { ok: false }>): { title: string; isGood: boolean } => {
  if (result.isCut) return { title: 'The session was cut. The access is over.', isGood: true };
  return result.isDenied
    ? { title: 'Refused: this role may not do that.', isGood: true }
    : { title: 'The host says no.', isGood: false };
};

/** An answer below the edge of the panel would look like none. */
const useInView = (result: unknown): { current: HTMLDivElement | null } => {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' });
  }, [result]);
  return box;
};

const Result = ({ result }: { result: QueryResult }): JSX.Element => {
  const box = useInView(result);
  if (!result.ok) {
    const { title, isGood } = reasonOf(result);
    return (
      <div class={`result result-refused${isGood ? '' : ' is-error'}`} role="alert" ref={box}>
        <b>{title}</b>
        <code>{result.message}</code>
      </div>
    );
  }
  return (
    <div class="result" ref={box}>
      {result.columns.length > 0 && (
        <div class="table-scroll">
          <table class="table">
            <thead>
              <tr>
                {result.columns.map((column, index) => (
                  <th key={index}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {result.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>{cell ?? <i>null</i>}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="small-print" role="status">
        {result.command} {result.rowCount} · {Math.round(result.ms)} ms
      </p>
    </div>
  );
};

/** The panel sees in the database itself that the session is gone, before anything is run through it. */
const useIsCut = (connection: WorldConnection, sessions: WorldState['sessions']): boolean => {
  const wasSeen = useRef(false);
  const isThere = sessions.some((session) => session.role === connection.user);
  useEffect(() => {
    if (isThere) wasSeen.current = true;
  }, [isThere]);
  return wasSeen.current && !isThere;
};

const Cut = ({ server, onAgain }: { server: string; onAgain: () => void }): JSX.Element => (
  <>
    <div class="result result-refused" role="alert">
      <b>The session was cut. The access is over.</b>
      <span>{server} ended it: nobody logged out.</span>
    </div>
    <button type="button" class="button button-default" onClick={onAgain}>
      Try to log in again
    </button>
  </>
);

type FormProps = {
  chips: Chip[];
  sql: string;
  isBusy: boolean;
  onSql: (sql: string) => void;
  onRun: (sql: string) => void;
};

const SqlForm = ({ chips, sql, isBusy, onSql, onRun }: FormProps): JSX.Element => (
  <>
    <div class="chips" role="group" aria-label="Ready-made">
      {chips.map((chip) => (
        <button type="button" class="chip-button" key={chip.label} disabled={isBusy} onClick={() => onRun(chip.sql)}>
          {chip.label}
        </button>
      ))}
    </div>
    <textarea
      class="field sql-text"
      aria-label="What to run"
      rows={2}
      spellcheck={false}
      value={sql}
      onInput={(event) => onSql(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        onRun(sql);
      }}
    />
    <div class="card-line">
      <span class="small-print">Enter runs it</span>
      <button
        type="button"
        class="button button-primary-solid button-small"
        disabled={isBusy || sql.trim() === ''}
        aria-busy={isBusy}
        onClick={() => onRun(sql)}
      >
        Run
      </button>
    </div>
  </>
);

type SqlProps = { connection: WorldConnection; sessions: WorldState['sessions']; onClosed: () => void };

const Sql = ({ connection, sessions, onClosed }: SqlProps): JSX.Element => {
  const { ask, attempt } = usePage();
  const chips = chipsOf[connection.server] ?? postgresChips;
  const [sql, setSql] = useState(chips[0]?.sql ?? '');
  const [result, setResult] = useState<QueryResult | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isCut = useIsCut(connection, sessions) || (result !== null && !result.ok && result.isCut);
  const run = async (text: string): Promise<void> => {
    setSql(text);
    setBusy(true);
    try {
      setResult((await ask({ act: 'world_query', connectionId: connection.id, sql: text })) as QueryResult);
    } finally {
      setBusy(false);
    }
  };
  const close = (): void => {
    attempt(ask({ act: 'world_disconnect', connectionId: connection.id }).finally(onClosed));
  };
  return (
    <div class="sql">
      <div class="card-line">
        <span class={`dot${isCut ? '' : ' is-on'}`} aria-hidden="true" />
        <span class="login-role">{connection.user}</span>
        <span class="pill">{connection.server}</span>
        {!isCut && (
          <button type="button" class="button button-default button-small" onClick={close}>
            Log out
          </button>
        )}
      </div>
      {isCut ? (
        <Cut server={connection.server} onAgain={close} />
      ) : (
        <SqlForm chips={chips} sql={sql} isBusy={isBusy} onSql={setSql} onRun={(text) => attempt(run(text))} />
      )}
      {result !== null && !isCut && <Result result={result} />}
    </div>
  );
};

export const Prompt = ({
  seen,
  sessions,
}: {
  seen: Credentials | undefined;
  sessions: WorldState['sessions'];
}): JSX.Element => {
  const [connection, setConnection] = useState<WorldConnection | null>(null);
  return connection === null ? (
    <Login seen={seen} onConnected={setConnection} />
  ) : (
    <Sql key={connection.id} connection={connection} sessions={sessions} onClosed={() => setConnection(null)} />
  );
};
