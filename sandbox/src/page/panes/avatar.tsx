/** A person as a coloured tile with initials; the app as a key. */
import type { JSX } from 'preact';
import type { PersonCard } from '../../page-server/protocol.ts';
import { avatarColour, initialsOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { Icon } from './icons.tsx';

type Size = 'small' | 'medium' | 'large';
const iconSizes: Record<Size, number> = { small: 13, medium: 16, large: 22 };

export const Avatar = ({ person, size = 'large' }: { person: PersonCard | undefined; size?: Size }): JSX.Element => {
  const { data } = usePage();
  if (person?.isApp === true) {
    return (
      <span class={`avatar avatar-${size} avatar-app`} aria-hidden="true">
        <Icon name="key" size={iconSizes[size]} />
      </span>
    );
  }
  return (
    <span class={`avatar avatar-${size} ${avatarColour(data, person)}`} aria-hidden="true">
      {initialsOf(person?.realName ?? 'S')}
    </span>
  );
};
