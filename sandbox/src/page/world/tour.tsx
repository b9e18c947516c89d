/** The tour: what is happening, in words, below the chat; the page turns to the one who acts. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Tour } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { personNamed } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { ForReal } from './for-real.tsx';

/** Follows the tour, and starts it when the first window is open. */
const useFollow = (tour: Tour): void => {
  const { ask, attempt, go } = usePage();
  useEffect(() => {
    if (tour.state === 'ready') attempt(ask({ act: 'world_tour', does: 'start' }));
  }, [tour.state]);
  useEffect(() => {
    if (tour.state === 'playing') go({ as: tour.as, at: tour.where, tab: 'messages' });
  }, [tour.state, tour.as, tour.where]);
};

export const TourBar = ({ tour }: { tour: Tour }): JSX.Element | null => {
  const { ask, attempt, data } = usePage();
  useFollow(tour);
  const leave = (): void => attempt(ask({ act: 'world_tour', does: 'stop' }));
  if (tour.state === 'over') return <ForReal onClose={leave} />;
  if (tour.state !== 'playing' && tour.state !== 'failed') return null;
  return (
    <section class="tour" aria-label="Tour">
      <div class="tour-head">
        <span class="tour-count">
          {tour.at} of {tour.of}
        </span>
        <span class="tour-who">You see what {personNamed(data, tour.as)?.realName ?? tour.as} sees</span>
        <button type="button" class="icon-button" aria-label="Leave the tour" onClick={leave}>
          <Icon name="close" />
        </button>
      </div>
      <p class="tour-caption" role="status">
        {tour.caption}
      </p>
      {tour.lines.length > 0 && <pre class="tour-lines">{tour.lines.join('\n')}</pre>}
    </section>
  );
};
