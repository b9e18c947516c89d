/** Members of a channel, inviting more, and what else people do with channels. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ChannelCard } from '../../page-server/protocol.ts';
import { Combobox } from '../blocks/combobox.tsx';
import { personOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { Avatar } from './avatar.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';

type Props = { channel: ChannelCard; onClose: () => void };

const Invite = ({ channel }: { channel: ChannelCard }): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const others = data.people.filter((person) => !channel.memberIds.includes(person.id) && !person.isDeleted);
  const find = (query: string): Promise<{ key: string; label: string; hint: string }[]> =>
    Promise.resolve(
      others
        .filter((person) => `${person.realName} ${person.name}`.toLowerCase().includes(query.toLowerCase()))
        .map((person) => ({ key: person.id, label: person.realName, hint: person.isApp ? 'App' : person.title })),
    );
  return (
    <Combobox
      id="invite"
      chosen={[]}
      isMany={false}
      placeholder={others.length === 0 ? 'Everybody is here' : 'Invite a person or an app…'}
      isDisabled={others.length === 0}
      isInvalid={false}
      label="Invite a person or an app"
      find={find}
      onChoose={([choice]) => choice && attempt(ask({ act: 'invite', channel: channel.id, userId: choice.key }))}
    />
  );
};

export const ChannelDetails = ({ channel, onClose }: Props): JSX.Element => {
  const { ask, attempt, data, go } = usePage();
  const [name, setName] = useState(channel.name);
  const [topic, setTopic] = useState(channel.topic);
  const save = async (): Promise<void> => {
    if (topic !== channel.topic) await ask({ act: 'set_topic', channel: channel.id, topic });
    if (name !== channel.name) {
      await ask({ act: 'rename', channel: channel.id, name });
      go({ at: name });
    }
    onClose();
  };
  const then = (act: Parameters<typeof ask>[0]): void => {
    attempt(ask(act).then(onClose));
  };
  const { id, isArchived, isMember } = channel;
  return (
    <Dialog label={`About #${channel.name}`} class="dialog-small" onClose={onClose}>
      <header class="dialog-head">
        <h2>#{channel.name}</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">
        {isMember && !isArchived && (
          <>
            <label class="input-label" for="channel-name">
              Name
            </label>
            <input
              id="channel-name"
              class="field"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <label class="input-label" for="channel-topic">
              Topic
            </label>
            <input
              id="channel-topic"
              class="field"
              value={topic}
              onInput={(event) => setTopic(event.currentTarget.value)}
            />
          </>
        )}
        <h3 class="input-label">Members</h3>
        {isMember && !isArchived && <Invite channel={channel} />}
        <ul class="member-list">
          {channel.memberIds.map((memberId) => {
            const person = personOf(data, memberId);
            return (
              <li key={memberId}>
                <Avatar person={person} size="medium" />
                <span>{person?.realName ?? memberId}</span>
                <span class="topic">{person?.isApp === true ? 'App' : person?.title}</span>
              </li>
            );
          })}
        </ul>
      </div>
      <footer class="dialog-foot">
        {isMember && (
          <button type="button" class="button button-default" onClick={() => then({ act: 'leave', channel: id })}>
            Leave
          </button>
        )}
        <button
          type="button"
          class="button button-danger"
          onClick={() => then({ act: 'archive', channel: id, isArchived: !isArchived })}
        >
          {isArchived ? 'Bring it back' : 'Archive'}
        </button>
        <button type="button" class="button button-primary-solid" onClick={() => attempt(save())}>
          Done
        </button>
      </footer>
    </Dialog>
  );
};
