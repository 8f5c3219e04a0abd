// A React page that shows Markdown with Streamdown, without plug-ins.
import { Streamdown } from 'streamdown';
import { show } from './page.jsx';

show(({ text }) => <Streamdown>{text}</Streamdown>);
