/** Puts the console into its page: one shell, a screen for each address, each loaded when it is first gone to. */
import { Route, Router } from '@solidjs/router';
import { lazy } from 'solid-js';
import { render } from 'solid-js/web';
import { Gate } from './components/gate.tsx';
import { Shell } from './components/shell.tsx';
import { applyTheme } from './data/theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/page.css';
import './styles/tables.css';
import './styles/tail.css';
import './styles/dialog.css';
import './styles/screens.css';
import './styles/agents.css';
import './styles/cluster.css';
import './styles/dead-letters.css';

const Wall = lazy(async () => ({ default: (await import('./pages/wall.tsx')).Wall }));
const Sessions = lazy(async () => ({ default: (await import('./pages/sessions.tsx')).Sessions }));
const Session = lazy(async () => ({ default: (await import('./pages/session.tsx')).Session }));
const Agents = lazy(async () => ({ default: (await import('./pages/agents.tsx')).Agents }));
const Traffic = lazy(async () => ({ default: (await import('./pages/traffic.tsx')).Traffic }));
const Cluster = lazy(async () => ({ default: (await import('./pages/cluster.tsx')).Cluster }));
const DeadLetters = lazy(async () => ({ default: (await import('./pages/dead-letters.tsx')).DeadLetters }));
const Nowhere = lazy(async () => ({ default: (await import('./pages/nowhere.tsx')).Nowhere }));

applyTheme();
const root = document.getElementById('root');
if (root) {
  render(
    () => (
      <Gate>
        <Router root={Shell}>
          <Route path="/" component={Wall} />
          <Route path="/sessions" component={Sessions} />
          <Route path="/sessions/:id" component={Session} />
          <Route path="/agents" component={Agents} />
          <Route path="/traffic" component={Traffic} />
          <Route path="/cluster" component={Cluster} />
          <Route path="/dead-letters" component={DeadLetters} />
          <Route path="*" component={Nowhere} />
        </Router>
      </Gate>
    ),
    root,
  );
}
