// A React page that shows plain text.
import { show } from './page.jsx';

show(({ text }) => <pre>{text}</pre>);
