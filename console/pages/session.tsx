/** One session: its state, what may be done with it, its tasks, and its events. */
import { useNavigate, useParams } from '@solidjs/router';
import { Show } from 'solid-js';
import { EventsPanel } from '../components/events-panel.tsx';
import { Screen } from '../components/screen.tsx';
import { SessionPanel } from '../components/session-panel.tsx';
import { createSessionDesk } from '../data/create-session-desk.ts';
import { createKeys } from '../keyboard.ts';

export function Session() {
  const params = useParams<{ id: string }>();
  const navigate = useNavigate();
  const desk = createSessionDesk(() => params.id);
  createKeys('Session', [{ key: 'Escape', help: 'back to the sessions', act: () => navigate('/sessions') }]);
  return (
    <Screen name={desk.selected()?.title ?? 'Session'}>
      <div class="desk">
        <div class="column">
          <Show when={desk.selected()} fallback={<p class="notice">READING THE SESSION …</p>}>
            <SessionPanel desk={desk} />
          </Show>
        </div>
        <div class="column">
          <EventsPanel taskTitle={(id) => desk.tasks.items.find((task) => task.id === id)?.title} />
        </div>
      </div>
    </Screen>
  );
}
