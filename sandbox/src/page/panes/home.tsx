/** The app's home tab, drawn anew by the app each time it is opened. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Blocks } from '../blocks/blocks.tsx';
import { PlaceProvider } from '../blocks/place.tsx';
import { usePage } from '../state/page.tsx';

export const Home = (): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const { home } = data;
  useEffect(() => {
    attempt(ask({ act: 'open_app', tab: 'home' }));
  }, [data.me]);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${data.app.name} home`}>
      <div class="home">
        {home === null ? (
          <div class="home-empty">
            <span class="spinner spinner-muted" />
            <p>
              {data.isAppHere
                ? `${data.app.name} is drawing its home…`
                : `${data.app.name} is not connected yet. Its home appears here when it is.`}
            </p>
          </div>
        ) : (
          <PlaceProvider value={{ place: { is: 'home' }, values: home.values, errors: {}, isBusy: false }}>
            <Blocks blocks={home.blocks} />
          </PlaceProvider>
        )}
      </div>
    </div>
  );
};
