/** Static, external, people, channel and multi selects: where their choices come from and what a choice becomes. */
import type { JSX } from 'preact';
import type { ChannelCard, InputValue, Json, SuggestAnswer } from '../../page-server/protocol.ts';
import type { Data } from '../state/data.ts';
import { channelTitle, personOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { plainOf } from '../text/plain-text.tsx';
import { Combobox } from './combobox.tsx';
import type { Choice } from './combobox.tsx';
import { actionIdOf, elementId, useChosen, useFill, usePlace, valueOf, denialReason } from './place.tsx';
import type { ElementProps } from './place.tsx';

type Kind = 'static' | 'external' | 'users' | 'channels' | 'conversations';

export const selectKind = (type: unknown): { kind: Kind; isMany: boolean } | undefined => {
  const [, many, kind] = /^(multi_)?(static|external|users|channels|conversations)_select$/.exec(String(type)) ?? [];
  return kind === undefined ? undefined : { kind: kind as Kind, isMany: many !== undefined };
};

/** A choice that remembers the option it came from. */
type OptionChoice = Choice & { option?: Json };

const optionChoice = (option: Json, group?: string): OptionChoice => ({
  key: String(option.value),
  label: plainOf(option.text),
  option,
  ...(option.description === undefined ? {} : { hint: plainOf(option.description) }),
  ...(group === undefined ? {} : { group }),
});

const optionChoices = (options: unknown, groups: unknown): OptionChoice[] => [
  ...((options as Json[] | undefined) ?? []).map((option) => optionChoice(option)),
  ...((groups as Json[] | undefined) ?? []).flatMap((group) =>
    ((group.options as Json[] | undefined) ?? []).map((option) => optionChoice(option, plainOf(group.label))),
  ),
];

const personChoice = (data: Data, id: string): Choice => {
  const person = personOf(data, id);
  return { key: id, label: person?.realName ?? id, ...(person?.title ? { hint: person.title } : {}) };
};

const channelChoice = (data: Data, channel: ChannelCard | undefined, id: string): Choice => ({
  key: id,
  label: channel === undefined ? id : `${channel.kind === 'im' ? '' : '#'}${channelTitle(data, channel)}`,
});

const channelChoices = (data: Data, kind: Kind): Choice[] =>
  data.channels
    .filter((channel) => !channel.isArchived && (kind === 'conversations' || channel.kind === 'public'))
    .map((channel) => channelChoice(data, channel, channel.id));

const matching = (choices: Choice[], query: string): Choice[] => {
  const words = query.trim().toLowerCase();
  return choices.filter((choice) => `${choice.label} ${choice.hint ?? ''}`.toLowerCase().includes(words));
};

const idsOf = (value: InputValue | undefined): string[] =>
  ['selected_user', 'selected_channel', 'selected_conversation']
    .flatMap((key) => [value?.[key], value?.[`${key}s`]])
    .flat()
    .filter((one): one is string => typeof one === 'string');

const chosenOptions = (value: InputValue | undefined): OptionChoice[] => {
  const one = value?.selected_option as Json | null | undefined;
  const many = value?.selected_options as Json[] | undefined;
  return [...(one ? [one] : []), ...(many ?? [])].map((option) => optionChoice(option));
};

const chosenOf = (data: Data, kind: Kind, value: InputValue | undefined): Choice[] => {
  if (kind === 'static' || kind === 'external') return chosenOptions(value);
  const channel = (id: string): ChannelCard | undefined => data.channels.find((one) => one.id === id);
  return idsOf(value).map((id) => (kind === 'users' ? personChoice(data, id) : channelChoice(data, channel(id), id)));
};

/** What is chosen before anybody chose: only messages say it here, views have it in their values. */
const initialOf = (element: Json): InputValue => ({
  type: String(element.type),
  selected_option: element.initial_option ?? null,
  selected_options: element.initial_options ?? [],
  selected_user: element.initial_user ?? null,
  selected_users: element.initial_users ?? [],
  selected_channel: element.initial_channel ?? null,
  selected_conversation: element.initial_conversation ?? null,
});

/** Slack: external_select, min_query_length: "The default value is 3". */
const MIN_QUERY_LENGTH = 3;

const useFind = (props: ElementProps, kind: Kind): ((query: string) => Promise<Choice[] | string>) => {
  const { ask, data } = usePage();
  const { place } = usePlace();
  const { element, blockId } = props;
  return async (query) => {
    if (kind === 'users') {
      const people = data.people.filter((person) => !person.isDeleted && !person.isBot);
      return matching(
        people.map((person) => personChoice(data, person.id)),
        query,
      );
    }
    if (kind === 'channels' || kind === 'conversations') return matching(channelChoices(data, kind), query);
    if (kind === 'static') return matching(optionChoices(element.options, element.option_groups), query);
    const found = (await ask({
      act: 'suggest',
      place,
      blockId,
      actionId: actionIdOf(element),
      query,
    })) as SuggestAnswer;
    const least = typeof element.min_query_length === 'number' ? element.min_query_length : MIN_QUERY_LENGTH;
    if (!found.wasAsked) return `Type at least ${least} character${least === 1 ? '' : 's'}`;
    if (found.error !== undefined) return denialReason(data.app.name, { ok: false, error: found.error });
    return optionChoices(found.options, found.optionGroups);
  };
};

export const SelectElement = (props: ElementProps & { isInvalid?: boolean }): JSX.Element => {
  const { element, blockId } = props;
  const { data } = usePage();
  const { place, values, isBusy } = usePlace();
  const { fill } = useFill(props);
  const { kind, isMany } = selectKind(element.type) ?? { kind: 'static', isMany: false };
  const find = useFind(props, kind);
  const hasOptions = kind === 'static' || kind === 'external';
  const known = chosenOf(data, kind, valueOf(values, blockId, element) ?? initialOf(element));
  const [chosen, setChosen] = useChosen<Choice[]>(known);
  const choose = (chosen: OptionChoice[]): void => {
    const values = hasOptions ? chosen.flatMap((one) => one.option ?? []) : chosen.map((one) => one.key);
    fill(isMany ? (values as Json[] | string[]) : ((values[0] ?? null) as Json | string | null));
    setChosen(chosen);
  };
  const placeholder = plainOf(element.placeholder);
  return (
    <Combobox
      id={elementId(place, blockId, actionIdOf(element))}
      chosen={chosen}
      isMany={isMany}
      placeholder={placeholder || 'Choose…'}
      isDisabled={isBusy}
      isInvalid={props.isInvalid === true}
      labelledBy={props.labelledBy}
      describedBy={props.describedBy}
      label={props.labelledBy === undefined ? placeholder || 'Choose' : undefined}
      find={find}
      onChoose={choose}
    />
  );
};
