import { getCurrentUser, signIn } from 'aws-amplify/auth';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';

export function SignIn() {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const navigate = useNavigate();

  // Goes on where somebody is signed in already.
  useEffect(() => {
    getCurrentUser().then(() => navigate('/prompt', { replace: true }), () => {});
  }, [navigate]);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      const { nextStep } = await signIn({ username, password, options: { authFlowType: 'USER_SRP_AUTH' } });
      if (nextStep.signInStep !== 'DONE') throw new Error(`This page cannot do the next step: ${nextStep.signInStep}.`);
      navigate('/prompt');
    } catch (reason) {
      setError(reason.message);
      setBusy(false);
    }
  };

  const field = 'mt-1 w-full rounded border border-slate-400 px-3 py-2 focus:outline-2 focus:outline-blue-600';
  return (
    <main className="mx-auto mt-24 max-w-sm rounded-lg border border-slate-200 p-8 shadow">
      <h1 className="mb-6 text-2xl font-semibold">Sign in</h1>
      <form onSubmit={submit} className="space-y-4">
        <label className="block">
          Email
          <input name="username" autoComplete="username" required className={field} value={username} onChange={(event) => setUsername(event.target.value)} />
        </label>
        <label className="block">
          Password
          <input name="password" type="password" autoComplete="current-password" required className={field} value={password} onChange={(event) => setPassword(event.target.value)} />
        </label>
        {error && <p role="alert" className="text-red-700">{error}</p>}
        <button disabled={isBusy} className="w-full rounded bg-blue-700 px-4 py-2 text-white hover:bg-blue-800 disabled:opacity-50">
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
