// The worker's script. It does three things that cannot wait for the Wasm: it keeps the page's messages until Rust listens, tells the page if a part fails
// or does not load, and fetches the configuration in parallel with the glue. The page compiles the Wasm and posts it.
const early = [];
let take;
const compiled = new Promise((done) => { take = done; });
self.onmessage = (event) => { if (event.data instanceof WebAssembly.Module) take(event.data); else early.push(event); };

// The page shows `details`, and people may send them to others. So the message of an unknown error, which may quote data, stays in the console. After a
// panic, Rust has already posted better details; the page shows only the first ones.
const stop = (details, error) => { console.error(error); self.postMessage({ stopped: details }); };
self.addEventListener('error', ({ error, filename, lineno, colno }) => stop(`${error?.name} (${filename}:${lineno}:${colno})`, error));
self.addEventListener('unhandledrejection', ({ reason }) => stop(`Unhandled ${reason?.name}`, reason));

const beside = (file) => new URL(file, import.meta.url);
// The same request that src/worker/fetch.rs makes. Rust takes the response; null means that none arrived.
self.config = fetch(beside('config.json'), {
  cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(15000),
}).catch(() => null);
try {
  const [worker, module] = await Promise.all([import('./worker.js'), compiled]);
  await worker.default({ module_or_path: module });
} catch (error) {
  stop(`The worker did not start: ${error}`, error);
}
// The list is emptied, because a message may hold a password.
for (const event of early.splice(0)) self.onmessage(event);
