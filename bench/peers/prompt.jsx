// The prompt page of the two peers that sign in, and how it asks: temporary keys from Amplify's session, a SigV4 signature by the AWS SDK's signer, fetch.
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@aws-sdk/signature-v4';
import { fetchAuthSession } from 'aws-amplify/auth';
import { useState } from 'react';
import { readAnswer } from './answer.js';

async function ask(prompt, onChunk) {
  const { credentials } = await fetchAuthSession();
  if (!credentials) throw new Error('There are no AWS credentials. Sign in again.');
  const { functionUrl, region } = CONFIG;
  const { protocol, host, hostname, pathname } = new URL(functionUrl);
  const signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Sha256 });
  const body = JSON.stringify({ prompt, use_case: 'balanced' });
  const request = { method: 'POST', protocol, hostname, path: pathname, headers: { host, 'content-type': 'application/json' }, body };
  const { headers: { host: _, ...headers } } = await signer.sign(request);
  await readAnswer(await fetch(functionUrl, { method: 'POST', headers, body }), onChunk);
}

/** `Answer` shows the text that has come so far; `isGrowing` says whether more is to come. */
export function Prompt({ user, onSignOut, Answer }) {
  const [prompt, setPrompt] = useState('');
  const [answer, setAnswer] = useState('');
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setAnswer('');
    setError('');
    try {
      await ask(prompt, (chunk) => setAnswer((before) => before + chunk));
    } catch (reason) {
      setError(reason.message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="mx-auto max-w-3xl p-6">
      <header className="mb-6 flex items-center justify-between">
        <p>{user.signInDetails?.loginId ?? user.username}</p>
        <button onClick={onSignOut} className="underline">Sign out</button>
      </header>
      <form onSubmit={submit} className="space-y-3">
        <textarea name="prompt" required rows={4} className="w-full rounded border border-slate-400 p-3" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        <button disabled={isBusy} className="rounded bg-blue-700 px-4 py-2 text-white hover:bg-blue-800 disabled:opacity-50">Send</button>
      </form>
      {error && <p role="alert" className="mt-4 text-red-700">{error}</p>}
      <div className="mt-6"><Answer text={answer} isGrowing={isBusy} /></div>
    </main>
  );
}
