// The worker's script. It does three things that cannot wait for the Wasm: it keeps the page's messages until Rust listens, tells the page if a part does not
// load or fails, and fetches the configuration beside the glue instead of after it. The page compiles the Wasm and posts it.
const early = [];
let take;
const compiled = new Promise((done) => { take = done; });
self.onmessage = (event) => { if (event.data instanceof WebAssembly.Module) take(event.data); else early.push(event); };

// The page shows `details` to the person, who may send them to others. So the message of an unknown error stays in the console: it may quote data. After a
// panic, Rust has already posted better details; the page shows the first ones only.
const stop = (details, error) => { console.error(error); self.postMessage({ stopped: details }); };
self.addEventListener('error', ({ error, filename, lineno, colno }) => stop(`${error?.name} (${filename}:${lineno}:${colno})`, error));
self.addEventListener('unhandledrejection', ({ reason }) => stop(`Unhandled ${reason?.name}`, reason));

const beside = (file) => new URL(file, import.meta.url);
// The same request as src/worker/fetch.rs makes. Rust takes the response; null means that none came.
self.config = fetch(beside('config.json'), {
  cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(15000),
}).catch(() => null);
try {
  const [worker, module] = await Promise.all([import('./worker.js'), compiled]);
  await worker.default({ module_or_path: module });
} catch (error) {
  stop(`The worker did not start: ${error}`, error);
}
// The list is emptied because a message may hold a password.
for (const event of early.splice(0)) self.onmessage(event);
