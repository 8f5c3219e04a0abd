// Starts the page's Wasm and, beside it, the worker. What happens before the Wasm is there is kept for it in `globalThis.signet`.
const { js, wasm, worker: workerUrl } = document.querySelector('script[data-wasm]').dataset;
const $ = (id) => document.getElementById(id);
const session = (() => { try { return globalThis.sessionStorage; } catch { return null; } })();

// The worker, its messages so far, and whether the form was sent.
const signet = (globalThis.signet = { worker: null, messages: [], submitted: false });

// A reload within a session shows no form that would vanish again.
if (session?.getItem('signet.signed-in')) document.documentElement.dataset.session = 'opening';

// What was typed before a failure.
$('username').value ||= session?.getItem('signet.username') ?? '';
session?.removeItem('signet.username');

// One sentence and one button, whatever broke. A conversation stays below it, to be read and copied.
function stop() {
  if (!$('fatal').hidden) return;
  delete document.documentElement.dataset.session;
  $('fatal').hidden = false;
  if ($('sign-in')) $('sign-in').hidden = true;
  $('reload').focus();
}
$('reload').addEventListener('click', () => {
  const unanswered = document.querySelector('.turn:last-child:is([data-state=waiting], [data-state=streaming]) .asked')?.textContent;
  session?.setItem('signet.username', $('username')?.value ?? '');
  session?.setItem('signet.prompt', $('prompt')?.value || unanswered || '');
  location.reload();
});

// A form that is sent before the Wasm is there waits for it.
const early = (event) => {
  event.preventDefault();
  signet.submitted = true;
  $('sign-in-status').textContent = 'One moment, Signet is still loading.';
};
$('sign-in-form').addEventListener('submit', early);
signet.ready = () => $('sign-in-form').removeEventListener('submit', early);

try {
  // Trusted Types: the worker's address is the one script address that this page makes.
  const address = new URL(workerUrl, location.href).href;
  const policy = globalThis.trustedTypes?.createPolicy('signet', { createScriptURL: (url) => { if (url === address) return url; throw new TypeError(url); } });
  signet.worker = new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module' });
  signet.worker.addEventListener('error', stop);
  signet.worker.addEventListener('message', ({ data }) => { if (data === 'stopped') stop(); });
  signet.worker.onmessage = ({ data }) => signet.messages.push(data);
  const page = await import(js);
  await page.default({ module_or_path: wasm });
  signet.messages.length = 0;
} catch (error) {
  console.error(error);
  stop();
}
addEventListener('error', (event) => { if (event.error instanceof WebAssembly.RuntimeError) stop(); });
addEventListener('unhandledrejection', (event) => { if (event.reason instanceof WebAssembly.RuntimeError) stop(); });
