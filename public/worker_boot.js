// The worker's script. It exists because three things cannot wait for the Wasm: what the page sends is kept until Rust listens, the page hears of a part
// that does not load or fails, and the configuration and the Wasm are fetched beside the glue rather than after it.
const early = [];
self.onmessage = (event) => early.push(event);

// `details` are shown to the person, to be sent to others: no message of an unknown error goes in, as it may quote data. The console has it. After a panic,
// Rust has posted better details already; the page shows the first.
const stop = (details, error) => { console.error(error); self.postMessage({ stopped: details }); };
self.addEventListener('error', ({ error, filename, lineno, colno }) => stop(`${error?.name} (${filename}:${lineno}:${colno})`, error));
self.addEventListener('unhandledrejection', ({ reason }) => stop(`Unhandled ${reason?.name}`, reason));

const beside = (file) => new URL(file, import.meta.url);
// As src/worker/fetch.rs would ask for it. Rust takes the response, or null if there is none.
self.config = fetch(beside('config.json'), {
  cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(15000),
}).catch(() => null);
const wasm = fetch(beside('worker_bg.wasm'));
try {
  const worker = await import('./worker.js');
  await worker.default({ module_or_path: wasm });
} catch (error) {
  stop(`The worker did not start: ${error}`, error);
}
// Emptied, since one of them may hold a password.
for (const event of early.splice(0)) self.onmessage(event);
