// Starts the worker and, beside it, the page's two Wasm files: the first screen's, then the conversation's. What happens before they are there is kept.

// First of all: what a provider's page came back with leaves the address bar, the history and whatever else reads the address.
const query = new URLSearchParams(location.search);
const callback = query.has('state') && (query.has('code') || query.has('error')) ? location.search : '';
if (callback) history.replaceState(null, '', location.pathname);

const { js, wasm, worker: workerUrl } = document.querySelector('script[data-wasm]').dataset;
const $ = (id) => document.getElementById(id);
const session = (() => { try { return globalThis.sessionStorage; } catch { return null; } })();

// The first screen and the conversation both hear what the worker says. What comes before a part's Wasm listens is kept for it.
const takers = [];
const early = [[], []];

// The worker, whether the form was sent, where the page is, and what the page's Wasm asks of this script.
const signet = (globalThis.signet = {
  worker: null, submitted: false, callback, address: location.origin + location.pathname,
  listen: (part, take) => {
    takers[part] = take;
    for (const bytes of early[part].splice(0)) take(bytes);
  },
  forget: () => { signet.callback = ''; },
  // Over TLS, or to this machine.
  leave: (url) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || (protocol === 'http:' && /^(.+\.)?localhost$|^127\.0\.0\.1$/.test(hostname))) location.assign(url);
  },
  // The clipboard takes a promise: it opens only within a press, and the text may still be on its way from the worker.
  copy: async (text, button, done, failed) => {
    const said = (button.dataset.said ??= button.textContent);
    const tell = (text) => { button.textContent = $('spoken').textContent = text; };
    try {
      const blob = (async () => new Blob([text ?? await new Promise((copied) => Object.assign(signet, { copied }))], { type: 'text/plain' }))();
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
      tell(done);
    } catch {
      tell(failed);
    }
    setTimeout(() => { button.textContent = said; }, 2000);
  },
  save: (name, type, text) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
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
  $('fatal').classList.toggle('above', Boolean($('chat')));
  // What is typed stays where it is: nobody would take it.
  $('composer')?.setAttribute('inert', '');
  for (const gate of document.querySelectorAll('#sign-in, #step')) gate.hidden = true;
  $('reload').focus();
}
$('reload').addEventListener('click', () => {
  const unanswered = document.querySelector('.turn:last-child:is([data-state=waiting], [data-state=streaming]) .asked')?.textContent;
  session?.setItem('signet.username', $('username')?.value ?? '');
  const prompt = $('prompt')?.value || unanswered;
  if (prompt) session?.setItem('signet.prompt', `${$('who').textContent}\n${prompt}`);
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
const sent = (event) => {
  event.preventDefault();
  signet.submitted = true;
  $('sign-in-status').textContent = 'One moment, Signet is still loading.';
};
$('sign-in-form').addEventListener('submit', sent);
signet.ready = () => $('sign-in-form').removeEventListener('submit', sent);

try {
  // Trusted Types: the worker's address is the one script address that this page makes.
  const address = new URL(workerUrl, location.href).href;
  const policy = globalThis.trustedTypes?.createPolicy('signet', { createScriptURL: (url) => { if (url === address) return url; throw new TypeError(url); } });
  signet.worker = new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module' });
  signet.worker.addEventListener('error', stop);
  signet.worker.onmessage = ({ data }) => {
    if (data.stopped !== undefined) return stop();
    early.forEach((waiting, part) => { takers[part] ? takers[part](data) : waiting.push(data); });
  };
  // The conversation's part is fetched once nothing waits for the first screen's; in an opened session both are needed at once.
  const desk = async () => (await import('./desk.js')).default({ module_or_path: new URL('desk_bg.wasm', import.meta.url) });
  const opening = 'session' in document.documentElement.dataset ? desk() : null;
  await (await import(js)).default({ module_or_path: wasm });
  await (opening ?? desk());
} catch (error) {
  console.error(error);
  stop();
}
addEventListener('error', (event) => { if (event.error instanceof WebAssembly.RuntimeError) stop(); });
addEventListener('unhandledrejection', (event) => { if (event.reason instanceof WebAssembly.RuntimeError) stop(); });
