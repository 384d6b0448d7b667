/** Puts the console into its page. */
import { render } from 'solid-js/web';
import { Overview } from './pages/overview.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/page.css';
import './styles/tables.css';
import './styles/tail.css';
import './styles/dialog.css';

const root = document.getElementById('root');
if (root) render(() => <Overview />, root);
