// Starts the page's Wasm and, beside it, the worker. What happens before the Wasm is there is kept for it in `globalThis.signet`.

// First of all: what a provider's page came back with leaves the address bar, the history and whatever else reads the address.
const query = new URLSearchParams(location.search);
const callback = query.has('state') && (query.has('code') || query.has('error')) ? location.search : '';
if (callback) history.replaceState(null, '', location.pathname);

const { js, wasm, worker: workerUrl } = document.querySelector('script[data-wasm]').dataset;
const $ = (id) => document.getElementById(id);
const session = (() => { try { return globalThis.sessionStorage; } catch { return null; } })();

// The worker, its messages so far, whether the form was sent, where the page is, and what the page's Wasm asks of this script.
const signet = (globalThis.signet = {
  worker: null, messages: [], submitted: false, callback, address: location.origin + location.pathname,
  forget: () => { signet.callback = ''; },
  // Over TLS, or to this machine.
  leave: (url) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || (protocol === 'http:' && /^(.+\.)?localhost$|^127\.0\.0\.1$/.test(hostname))) location.assign(url);
  },
  tick: () => setTimeout(() => dispatchEvent(new Event('tick')), 1000),
  // The event tells the credential's JSON; or, if there is none, whether that is because there are no passkeys here.
  passkey: async (options, autofill) => {
    const done = (detail) => dispatchEvent(new CustomEvent('passkey', { detail }));
    signet.abort?.();
    const controller = new AbortController();
    signet.abort = () => controller.abort();
    try {
      await (await import('./passkey.js')).ask(options, autofill, controller.signal, done);
    } catch {
      if (!autofill) done(false);
    }
  },
});

// A reload within a session shows no form that would vanish again; nor does a way back from a provider's page.
if (callback || session?.getItem('signet.signed-in')) document.documentElement.dataset.session = 'opening';

// What was typed before a failure.
$('username').value ||= session?.getItem('signet.username') ?? '';
session?.removeItem('signet.username');

// One sentence and one button, whatever broke. A conversation stays below it, to be read and copied.
function stop() {
  if (!$('fatal').hidden) return;
  delete document.documentElement.dataset.session;
  $('fatal').hidden = false;
  for (const gate of document.querySelectorAll('#sign-in, #step')) gate.hidden = true;
  $('reload').focus();
}
$('reload').addEventListener('click', () => {
  const unanswered = document.querySelector('.turn:last-child:is([data-state=waiting], [data-state=streaming]) .asked')?.textContent;
  session?.setItem('signet.username', $('username')?.value ?? '');
  session?.setItem('signet.prompt', $('prompt')?.value || unanswered || '');
  location.reload();
});

// Passwords can be shown, and keys be copied.
addEventListener('click', ({ target: button }) => {
  const { press } = button.dataset ?? {};
  if (press === 'show') {
    const shown = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', shown);
    button.previousElementSibling.type = shown ? 'text' : 'password';
  }
  // Refused only to a page that is not used.
  if (press === 'copy') navigator.clipboard.writeText(button.value).then(() => { button.nextElementSibling.textContent = 'Copied'; }, () => {});
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
