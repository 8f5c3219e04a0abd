// How soon a sign-in form stands and how soon it is acted upon, on a slow link and a slow computer: Signet, a React page with Amplify's library, and one with
// Amplify's Authenticator and Streamdown, in turn. The form is filled and sent as soon as it stands, by script.
//
//   node submit.mjs [RUNS]      each page is opened RUNS times, 7 by default; ends with 1 if Signet is over a limit

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { brotliCompress } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { signetFiles, typed } from './files.mjs';

const LINK = { mbits: 1.6, latency: 150 };
const SLOWER = 4;
const PEERS = ['amplify', 'authenticator'];
const ALL = ['signet', ...PEERS];
// Signet's time is at most this part of the React page's.
const LIMITS = { form: 0.35, sent: 1 };
const PERSON = { username: 'alice@example.com', password: 'Alice-may-ask-1' };

const runs = Number(process.argv[2] ?? 7);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`${process.argv[2]} is no number of runs. Give a whole number, such as 7.`);

const compress = promisify(brotliCompress);

// A file as a static host sends it: compressed at quality 11, Node's default; kept for good if its name has a hash, else checked again on each visit.
async function deployed({ body, headers }, hasHash) {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  const cache = hasHash ? 'public, max-age=31536000, immutable' : 'no-cache';
  return { body: await compress(body), headers: { ...headers, etag, 'content-encoding': 'br', 'cache-control': cache } };
}

// A peer as `vite build` makes it, at /NAME/.
async function buildPeer(name, config) {
  const { output } = await build({
    configFile: false,
    root: join(import.meta.dirname, 'peers', name),
    base: `/${name}/`,
    logLevel: 'warn',
    plugins: [react(), tailwindcss()],
    define: { CONFIG: JSON.stringify(config) },
    // No warning about a large chunk: its size is among what is measured.
    build: { write: false, chunkSizeWarningLimit: Infinity },
  });
  const files = output.map(({ fileName, code, source }) => [`/${name}/${fileName}`, typed(fileName, Buffer.from(code ?? source))]);
  return { ...Object.fromEntries(files), [`/${name}/`]: files.find(([path]) => path.endsWith('/index.html'))[1] };
}

// Runs in each page before its scripts. It fills the form in the first frame that shows both fields, and sends it in the next one; there is no frame before the
// style sheets have come. A submit that nobody hears would make the browser leave the page: that is prevented, and the form is sent again a frame later.
function fillAndSend({ username, password }) {
  const bench = globalThis.bench = { presses: 0 };
  const fields = () => ['username', 'password'].map((name) => document.querySelector(`input[name="${name}"]`));
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const fill = (input, value) => {
    setValue.call(input, value);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const send = (form) => {
    let isHeard = true;
    addEventListener('submit', (event) => {
      isHeard = event.defaultPrevented;
      event.preventDefault();
    }, { once: true });
    bench.presses += 1;
    form.requestSubmit();
    if (isHeard) bench.heard = performance.now();
    else requestAnimationFrame(() => send(form));
  };
  const frame = () => {
    const [name, secret] = fields();
    if (!name?.checkVisibility() || !secret?.checkVisibility()) {
      requestAnimationFrame(frame);
      return;
    }
    bench.shown = performance.now();
    bench.requested = performance.getEntriesByType('navigation')[0].requestStart;
    fill(name, username);
    fill(secret, password);
    requestAnimationFrame(() => send(name.form));
  };
  new MutationObserver((_, observer) => {
    if (!fields().every(Boolean)) return;
    observer.disconnect();
    bench.form = performance.now();
  }).observe(document, { childList: true, subtree: true });
  requestAnimationFrame(frame);
}

// Opens a page in a new context, and so with an empty cache and in a new process.
async function visit(browser, server, origin, path) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`  ${path}: ${error}`));
    const cdp = await context.newCDPSession(page);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await page.addInitScript(fillAndSend, PERSON);
    const sent = once(server, 'message', { signal: AbortSignal.timeout(60_000) });
    server.postMessage({ path });
    await page.goto(`${origin}${path}`, { waitUntil: 'commit' });
    const [auth] = await sent.catch(async () => {
      throw new Error(`${path}: no InitiateAuth after a minute. The page says: ${await page.innerText('body')}`);
    });
    const { result } = await cdp.send('Runtime.evaluate', { expression: 'globalThis.bench', returnByValue: true });
    const { form, shown, requested, presses, heard } = result.value;
    if (!auth.isSrp || auth.username !== PERSON.username) {
      throw new Error(`${path}: InitiateAuth was ${auth.flow} for ${auth.username}, not USER_SRP_AUTH with a whole A for ${PERSON.username}.`);
    }
    // The server counts from the page's request, the page from the navigation: the difference is known to the page.
    const files = auth.files.map((file) => ({ ...file, asked: file.asked + requested, came: file.came + requested }));
    return { form, shown, sent: auth.ms + requested, bytes: auth.bytes, presses, heard, files };
  } finally {
    await context.close();
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

// Bytes per millisecond.
const rate = (LINK.mbits * 1e6) / 8 / 1000;
const server = new Worker(join(import.meta.dirname, 'submit', 'server.mjs'), { workerData: { rate, latency: LINK.latency } });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const seen = Object.fromEntries(ALL.map((name) => [name, []]));
const paths = Object.fromEntries(ALL.map((name) => [name, name === 'signet' ? '/' : `/${name}/`]));
let browser;
try {
  const [{ port }] = await once(server, 'message');
  const config = {
    region: 'eu-central-1',
    functionUrl: `http://127.0.0.1:${port}/function/`,
    userPoolId: 'eu-central-1_Bench0001',
    userPoolClientId: 'benchbenchbenchbenchbench0',
    userPoolEndpoint: `http://127.0.0.1:${port}/user-pool/`,
    identityPoolId: 'eu-central-1:11111111-2222-3333-4444-666666666666',
    identityPoolEndpoint: `http://127.0.0.1:${port}/identity-pool/`,
  };
  const configFile = { body: JSON.stringify({ name: 'the bench', ...config }), headers: { 'content-type': 'application/json' } };
  const files = { '/config.json': await deployed(configFile, false) };
  for (const [path, file] of Object.entries(await signetFiles())) files[path] = await deployed(file, /-[0-9a-f]{16}\./.test(path));
  for (const peer of PEERS) {
    for (const [path, file] of Object.entries(await buildPeer(peer, config))) files[path] = await deployed(file, path.includes('/assets/'));
  }
  server.postMessage({ files });
  for (const name of ALL) {
    const owner = (path) => PEERS.find((peer) => path.startsWith(paths[peer])) ?? 'signet';
    const sizes = Object.keys(files).filter((path) => owner(path) === name && !path.endsWith('/')).map((path) => files[path].body.length);
    console.log(`  ${name.padEnd(14)} ${sizes.length} files, ${sizes.reduce((sum, size) => sum + size, 0)} bytes compressed`);
  }

  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', handleSIGINT: false, handleSIGTERM: false });
  // The first round does not count: the browser's own files come from the disk then.
  for (let run = 0; run <= runs; run += 1) {
    for (const name of ALL) {
      const found = await visit(browser, server, `http://localhost:${port}`, paths[name]);
      if (run > 0) seen[name].push(found);
      const again = found.presses > 1 ? `; sent ${found.presses} times, heard after ${found.heard.toFixed(0)} ms` : '';
      console.log(`  ${run || '–'} ${name.padEnd(14)} form ${found.form.toFixed(0)} ms, shown ${found.shown.toFixed(0)} ms, InitiateAuth ${found.sent.toFixed(0)} ms${again}`);
    }
  }

  console.log('\nWhat Signet asked for until then, in the last run: ms after the navigation');
  for (const { path, bytes, asked, came } of seen.signet.at(-1).files) {
    console.log(`  ${asked.toFixed(0).padStart(6)} to ${(Number.isFinite(came) ? came.toFixed(0) : '…').padStart(6)} ${String(bytes).padStart(8)} bytes  ${path}`);
  }
  console.log(`\nA first visit, ${LINK.mbits} Mbit/s and ${LINK.latency} ms, the page's CPU ${SLOWER} times slower; Chromium ${browser.version()}, medians of ${runs} runs`);
} finally {
  await browser?.close();
  await server.terminate();
}

const rows = { form: 'the form stands, ms', shown: 'the form is shown, ms', sent: 'InitiateAuth reaches the server, ms', bytes: 'bytes by then' };
const of = (name, what) => median(seen[name].map((run) => run[what]));
const ratio = (what, peer) => of('signet', what) / of(peer, what);
console.log(`\n${''.padEnd(36)}${ALL.map((name) => name.padStart(15)).join('')}${PEERS.map((peer) => `Signet / ${peer}`.padStart(24)).join('')}`);
for (const [what, title] of Object.entries(rows)) {
  const values = ALL.map((name) => of(name, what).toFixed(0).padStart(15));
  console.log(`${title.padEnd(36)}${values.join('')}${PEERS.map((peer) => ratio(what, peer).toFixed(2).padStart(24)).join('')}`);
}

console.log('\nDemands (measurements of this machine at this moment, hence no part of make test):');
let isOver = false;
const judge = (isKept, demand, found) => {
  isOver ||= !isKept;
  console.log(`  ${isKept ? 'ok  ' : 'FAIL'}  ${demand.padEnd(60)}  ${found}`);
};
for (const [what, limit] of Object.entries(LIMITS)) {
  const found = ratio(what, 'amplify');
  // Zero or NaN would mean that the measurement failed.
  judge(found > 0 && found <= limit, `${rows[what].replace(', ms', '')}: at most ${limit.toFixed(2)} of the React page's time`, found.toFixed(2));
}
const presses = Math.max(...seen.signet.map((run) => run.presses));
judge(presses === 1, 'a form that is sent as soon as it stands is heard', presses === 1 ? 'yes' : `only when sent again, up to ${presses} times`);
process.exitCode = isOver ? 1 : 0;
