/** An address at which there is no screen. */
import { A } from '@solidjs/router';
import { Screen } from '../components/screen.tsx';

export function Nowhere() {
  return (
    <Screen name="Nothing here">
      <div class="notice">
        <strong>NO SUCH SCREEN</strong>
        {location.pathname} is none of the console's addresses. <A href="/">To the wall</A>
      </div>
    </Screen>
  );
}
