// What comes closest to Signet with Amplify's own parts: its Authenticator signs people in, Streamdown shows the answer as Markdown.
// Built up as the quick starts of both say. `CONFIG` is put in by the build, as `amplify_outputs.json` would be.
import { Authenticator } from '@aws-amplify/ui-react';
import '@aws-amplify/ui-react/styles.css';
import { Amplify } from 'aws-amplify';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Streamdown } from 'streamdown';
import { Prompt } from '../prompt.jsx';
import './style.css';

const { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } = CONFIG;
Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } } });

const Markdown = ({ text, isGrowing }) => <Streamdown isAnimating={isGrowing}>{text}</Streamdown>;

createRoot(document.querySelector('#root')).render(
  <StrictMode>
    <Authenticator hideSignUp>
      {({ signOut, user }) => <Prompt user={user} onSignOut={signOut} Answer={Markdown} />}
    </Authenticator>
  </StrictMode>,
);
