// A minimal page that signs in with Amplify: SRP, then temporary keys. It shows who is signed in with the same ids as Signet, so that one script can drive and
// watch both.
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, signIn } from 'aws-amplify/auth';

const { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } = await (await fetch('config.json')).json();
Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } } });

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const [username, password] = [form.querySelector('#username').value, form.querySelector('#password').value];
  await signIn({ username, password, options: { authFlowType: 'USER_SRP_AUTH' } });
  const { credentials } = await fetchAuthSession();
  if (!credentials) throw new Error('Amplify has no credentials');
  document.body.innerHTML = '<main id="chat"><p id="who"></p></main>';
  document.querySelector('#who').textContent = username;
});
document.documentElement.dataset.ready = '';
