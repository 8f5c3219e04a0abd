// A React page as one is usually written with Amplify's library: a sign-in form of its own, then a prompt whose answer is plain text.
// `CONFIG` is put in by the build, as `amplify_outputs.json` would be.
import { Amplify } from 'aws-amplify';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { PromptPage } from './prompt.jsx';
import { SignIn } from './sign-in.jsx';
import './style.css';

const { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } = CONFIG;
Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, identityPoolId, userPoolEndpoint, identityPoolEndpoint } } });

createRoot(document.querySelector('#root')).render(
  <StrictMode>
    <BrowserRouter basename={import.meta.env.BASE_URL}>
      <Routes>
        <Route path="/" element={<SignIn />} />
        <Route path="/prompt" element={<PromptPage />} />
        <Route path="*" element={<Navigate to="/" replace />} />
      </Routes>
    </BrowserRouter>
  </StrictMode>,
);
