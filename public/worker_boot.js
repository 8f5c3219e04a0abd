// The worker's script: loads its Wasm, and keeps what the page sends until Rust listens.
const early = [];
self.onmessage = (event) => early.push(event);
const stopped = (error) => { console.error(error); self.postMessage('stopped'); };
self.addEventListener('error', ({ error }) => stopped(error));
self.addEventListener('unhandledrejection', ({ reason }) => stopped(reason));
try {
  const worker = await import('./worker.js');
  await worker.default({ module_or_path: new URL('worker_bg.wasm', import.meta.url) });
  // Emptied, since one of them may hold a password.
  for (const event of early.splice(0)) self.onmessage(event);
} catch (error) {
  stopped(error);
}
