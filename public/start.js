// Does the work that cannot wait for WebAssembly. It is a classic script in the head, because a module would run only after the page has been parsed.
// - It listens to the sign-in form from the first moment and passes it to the worker, whether the page's own code has loaded or not.
// - It takes a provider's reply out of the address before anything else can read it.
// - It hides the form when a session is about to be restored, so that no form flashes at a reload.
// - It starts the worker first, because a form that was sent waits for the worker. Then it loads the page's code.
// - It shows one screen for every failure, at the start or later.
// The page's code (src/page/browser/start.rs) takes over through `globalThis.signet`.
(() => {
  const base = document.currentScript.src;
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const storage = (() => { try { return globalThis.sessionStorage; } catch { return null; } })();
  const keep = (name, value) => { try { storage?.setItem(name, value); } catch { /* If the storage is full, a reload loses what was typed. */ } };

  const query = new URLSearchParams(location.search);
  const callback = query.has('state') && (query.has('code') || query.has('error')) ? location.search : '';
  if (callback) history.replaceState(null, '', location.pathname);
  if (callback || storage?.getItem('signet.signed-in')) root.dataset.session = 'opening';

  // The tab's half of the session record's key, in hexadecimal. It is empty without storage, and then no session survives a reload.
  const tabHalf = () => {
    const kept = storage?.getItem('signet.tab');
    if (/^[0-9a-f]{64}$/.test(kept ?? '')) return kept;
    const half = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    keep('signet.tab', half);
    return storage?.getItem('signet.tab') === half ? half : '';
  };

  let stopped = false;
  // `details` are for whoever fixes the app: a message and its place in the code, never what someone typed.
  const stop = (details) => {
    console.error(details);
    if (stopped) return;
    stopped = true;
    const show = () => {
      delete root.dataset.session;
      find('fatal-details').textContent = String(details?.stack ?? details);
      find('fatal').hidden = false;
      // The conversation stays visible below, so that people can read and copy it.
      find('fatal').classList.toggle('above', Boolean(find('chat')));
      find('composer')?.setAttribute('inert', '');
      for (const id of ['sign-in', 'step']) find(id)?.toggleAttribute('hidden', true);
      find('reload').focus();
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', show);
    else show();
  };
  // After a WebAssembly trap the memory is in an unknown state. If a panic caused it, the panic hook has recorded a better message.
  const failed = ({ error, reason = error }) => { if (reason instanceof WebAssembly.RuntimeError) stop(signet.panic ?? reason); };
  addEventListener('error', failed);
  addEventListener('unhandledrejection', failed);

  const hear = (event) => {
    if (event.target.id !== 'sign-in-form') return;
    event.preventDefault();
    if (signet.submitted) return;
    signet.submitted = true;
    const { username, password } = event.target.elements;
    signet.worker.postMessage(['submit', username.value, password.value]);
    find('sign-in-status').textContent = 'Signing in…';
  };
  document.addEventListener('submit', hear);

  document.addEventListener('DOMContentLoaded', () => {
    // Restores the username typed before a failure.
    find('username').value ||= storage?.getItem('signet.username') ?? '';
    storage?.removeItem('signet.username');
    find('show-password').addEventListener('click', ({ currentTarget: button }) => {
      const shown = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', shown);
      find('password').type = shown ? 'text' : 'password';
    });
    find('reload').addEventListener('click', () => {
      keep('signet.username', find('username')?.value ?? '');
      // An unanswered question goes back into the composer; the person decides whether to ask it again.
      const unanswered = document.querySelector('.turn:last-child:is([data-state=waiting], [data-state=streaming]) .asked')?.textContent;
      if (unanswered && !find('prompt')?.value) keep('signet.prompt', `${find('who').textContent}\n${unanswered}`);
      location.reload();
    });
    find('copy-details').addEventListener('click', () => navigator.clipboard.writeText(find('fatal-details').textContent));
  });

  const early = [];
  const signet = (globalThis.signet = {
    worker: null,
    submitted: false,
    panic: null,
    // From now on the page's code gets the form's events and the worker's views, starting with the views so far.
    takeOver: (take) => {
      document.removeEventListener('submit', hear);
      early.splice(0).forEach(take);
      signet.take = take;
    },
    take: (views) => { early.push(views); },
  });

  try {
    // Trusted Types: the policy allows only one script address, the worker's.
    const address = new URL('worker_boot.js', base).href;
    const createScriptURL = (url) => { if (url === address) return url; throw new TypeError(url); };
    const policy = globalThis.trustedTypes?.createPolicy('signet', { createScriptURL });
    const worker = (signet.worker = new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module' }));
    worker.addEventListener('error', (event) => stop(event.message ?? 'The worker did not load.'));
    worker.onmessage = ({ data }) => { if (data.stopped === undefined) signet.take(data); else stop(data.stopped); };
    worker.postMessage(['start', location.origin + location.pathname, callback, tabHalf()]);
    // The worker's WebAssembly is requested here, before the worker's own script has loaded, and compiled as it arrives. The page's code follows later: on a
    // slow link it would take half the bandwidth from the code that a sent form waits for.
    const compile = async (file) => {
      const response = await fetch(new URL(file, base));
      if (!response.ok) throw new Error(`${file}: ${response.status}`);
      const isWasm = response.headers.get('content-type')?.startsWith('application/wasm');
      return isWasm ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
    };
    // The page's code needs the whole document.
    const parsed = new Promise((done) => { if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', done); else done(); });
    const start = async () => {
      worker.postMessage(await compile('worker_bg.wasm'));
      const [page] = await Promise.all([import('./signet.js'), parsed]);
      await page.default({ module_or_path: new URL('signet_bg.wasm', base).href });
    };
    start().catch((error) => stop(signet.panic ?? error));
  } catch (error) {
    stop(error);
  }
})();
