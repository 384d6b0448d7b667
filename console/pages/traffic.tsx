/** What happens, event by event. */
import { EventsPanel } from '../components/events-panel.tsx';
import { Screen } from '../components/screen.tsx';

export function Traffic() {
  return (
    <Screen name="Traffic">
      <div class="column fill">
        <EventsPanel />
      </div>
    </Screen>
  );
}
