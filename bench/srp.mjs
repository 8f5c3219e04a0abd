// Measures the first sign-in in a fresh page, Signet's and Amplify's in turn: how long it keeps the page's thread busy, and in Signet the worker's.
// The figures come from Chromium's trace of each thread's tasks; nothing is measured from within the pages.
//
//   node srp.mjs [RUNS]      RUNS of each page, 9 by default; ends with 1 if Signet is over a limit

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createListener } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

// Milliseconds of CPU time: the longest task on the page's thread, and all of SRP in the worker.
const LIMITS = { page: 16, worker: 40 };
const runs = Number(process.argv[2] ?? 9);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`${process.argv[2]} is no number of runs. Give a whole number, such as 9.`);
const root = join(import.meta.dirname, '..');

const TYPES = { css: 'text/css', html: 'text/html; charset=utf-8', js: 'text/javascript', json: 'application/json', svg: 'image/svg+xml', wasm: 'application/wasm' };

// Serves what `read` returns for a name. Nothing may be cached, so each visit is a first one.
async function serve(read) {
  const server = createServer(async ({ url }, response) => {
    const name = url === '/' ? 'index.html' : url.slice(1);
    try {
      const body = await read(name);
      response.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1)] ?? 'application/octet-stream', 'cache-control': 'no-store' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

async function freePort() {
  const listener = createListener().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

// Starts the local AWS and waits until it is ready. Returns its address, its config.json, and a user who can sign in.
async function localAws(appPort) {
  const port = await freePort();
  const program = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug', 'signet-local');
  const child = spawn(program, ['aws'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PORT: `${appPort}`, AWS_PORT: `${port}` } });
  const ended = once(child, 'exit');
  process.on('exit', () => child.kill('SIGTERM'));
  const stop = async () => { child.kill('SIGTERM'); await ended; };
  let user;
  for await (const line of createInterface(child.stdout)) {
    const found = /^ *(\S+@\S+) +password (\S+) +may ask$/.exec(line);
    if (found) user = { username: found[1], password: found[2] };
    if (line.includes('Ctrl-C')) break;
  }
  if (!user) throw new Error(`${program} did not start; see above.`);
  child.stdout.resume();
  const url = `http://127.0.0.1:${port}`;
  return { url, user, stop, config: await (await fetch(`${url}/_signet/config.json`)).text() };
}

// Runs in each page before its scripts: marks the begin and the end in the trace. The end is when the signed-in page has been painted.
function watch() {
  addEventListener('submit', () => performance.mark('bench:submit'), { capture: true, once: true });
  new MutationObserver((_, observer) => {
    if (!document.querySelector('main#chat #who')?.textContent) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { performance.mark('bench:signed-in'); console.debug('bench:signed-in'); };
      port2.postMessage(null);
    });
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

// Signs in once, in a new context and so in a new process. Returns the trace's events.
async function signIn(browser, app, { username, password }) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(app.url);
    await page.waitForFunction(app.isReady);
    if (await page.isVisible('#fatal')) throw new Error(`${await page.innerText('#fatal')}\nIs dist/ older than the local AWS? Build it: trunk build --release`);
    await page.fill('#username', username);
    await page.fill('#password', password);
    await browser.startTracing(page, { categories: ['blink.user_timing', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
    // The page reports the end by itself: polling would put a task into each frame.
    const signedIn = page.waitForEvent('console', (message) => message.text() === 'bench:signed-in');
    await page.click('#sign-in-button');
    await signedIn;
    return JSON.parse(await browser.stopTracing()).traceEvents;
  } finally {
    await context.close();
  }
}

// The tasks of the page's thread, and of the worker's if there is one, as `[{ wall, cpu }]` in milliseconds: `srp` until the signature was sent, `all` until the end.
function tasks(events, aws) {
  const mark = (name) => events.find((event) => event.name === name);
  const [begin, end] = [mark('bench:submit'), mark('bench:signed-in')];
  // InitiateAuth, RespondToAuthChallenge, GetId, GetCredentialsForIdentity: the second carries the signature.
  const sent = events.filter(({ name, pid, args }) => name === 'ResourceSendRequest' && pid === begin.pid && args.data.url.startsWith(aws))
    .sort((one, other) => one.ts - other.ts);
  if (sent.length !== 4) throw new Error(`A sign-in is four requests to AWS, but ${sent.length} were seen. Has the app or the peer changed?`);
  const worker = events.find(({ name, pid, args }) => name === 'thread_name' && pid === begin.pid && args.name === 'DedicatedWorker thread');
  const until = (thread, last) => events
    .filter(({ name, pid, tid, ts, dur }) => name === 'RunTask' && pid === begin.pid && tid === thread && ts + dur > begin.ts && ts < last.ts)
    .map(({ dur, tdur }) => ({ wall: dur / 1000, cpu: tdur / 1000 }));
  const of = (thread) => ({ srp: until(thread, sent[1]), all: until(thread, end) });
  return { page: of(begin.tid), worker: worker && of(worker.tid), wall: (end.ts - begin.ts) / 1000 };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const longest = (list, clock) => Math.max(...list.map((task) => task[clock]));
const sum = (list, clock) => list.reduce((total, task) => total + task[clock], 0);

const bundle = await build({ entryPoints: [join(import.meta.dirname, 'peer', 'peer.js')], bundle: true, minify: true, format: 'esm', target: 'es2022', write: false });
let config;
const site = (files) => serve((name) => name === 'config.json' ? config : files(name));
const apps = {
  signet: {
    ...await site((name) => readFile(join(root, 'dist', name))),
    // The worker has read its configuration and told the page; or the page says why not.
    isReady: () => document.querySelector('#sign-in-to').textContent || document.querySelector('#fatal').checkVisibility(),
  },
  amplify: {
    ...await site((name) => name === 'peer.js' ? bundle.outputFiles[0].contents : readFile(join(import.meta.dirname, 'peer', name))),
    isReady: () => 'ready' in document.documentElement.dataset,
  },
};
const seen = { signet: [], amplify: [] };
const aws = await localAws(apps.signet.port);
config = aws.config;
// The handlers of `exit` end the browser and the local AWS.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
let browser;
try {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', handleSIGINT: false, handleSIGTERM: false });
  for (let run = 1; run <= runs; run += 1) {
    for (const [name, app] of Object.entries(apps)) {
      const measured = tasks(await signIn(browser, app, aws.user), aws.url);
      seen[name].push(measured);
      const worker = measured.worker ? `; SRP in the worker ${sum(measured.worker.srp, 'cpu').toFixed(1)} ms` : '';
      console.log(`  ${run} ${name.padEnd(8)} longest task of the page ${longest(measured.page.all, 'cpu').toFixed(1)} ms of CPU${worker}`);
    }
  }
  console.log(`\nThe first sign-in in a fresh page, Chromium ${browser.version()}, medians of ${runs} runs, milliseconds`);
} finally {
  await browser?.close();
  await aws.stop();
  for (const app of Object.values(apps)) app.close();
}

// What each row shows of a run, by either clock: wall time includes what else the machine did.
const rows = {
  'page, longest task until the signature is sent': ({ page }, clock) => longest(page.srp, clock),
  'page, all tasks until the signature is sent': ({ page }, clock) => sum(page.srp, clock),
  'page, longest task until the chat is painted': ({ page }, clock) => longest(page.all, clock),
  'page, all tasks until the chat is painted': ({ page }, clock) => sum(page.all, clock),
  'worker, longest task until the signature is sent': ({ worker }, clock) => worker && longest(worker.srp, clock),
  'worker, all tasks until the signature is sent': ({ worker }, clock) => worker && sum(worker.srp, clock),
};
const of = (name, row, clock) => median(seen[name].map((run) => rows[row](run, clock)));
const cell = (value) => (value?.toFixed(1) ?? '–').padStart(8);
console.log(`${''.padEnd(50)}${'Signet'.padStart(8)}     CPU${'Amplify'.padStart(8)}     CPU   ratio of CPU`);
for (const row of Object.keys(rows)) {
  const [ours, theirs] = ['signet', 'amplify'].map((name) => ['wall', 'cpu'].map((clock) => of(name, row, clock)));
  const ratio = theirs[1] === undefined ? '' : `${(theirs[1] / ours[1]).toFixed(1)}×`.padStart(15);
  console.log(`${row.padEnd(50)}${[...ours, ...theirs].map(cell).join('')}${ratio}`);
}
console.log(`${'from the click to the painted chat'.padEnd(50)}${cell(median(seen.signet.map((run) => run.wall)))}        ${cell(median(seen.amplify.map((run) => run.wall)))}`);

// Limits apply to CPU time, which other programs do not lengthen.
console.log('\nLimits, CPU time (a measurement of this machine at this moment, hence no part of make test):');
let isOver = false;
for (const [row, limit] of [
  ['page, longest task until the signature is sent', LIMITS.page],
  ['page, longest task until the chat is painted', LIMITS.page],
  ['worker, all tasks until the signature is sent', LIMITS.worker],
]) {
  const value = of('signet', row, 'cpu');
  // Zero or NaN would mean that the trace was misread.
  const isKept = value > 0 && value <= limit;
  isOver ||= !isKept;
  console.log(`  ${row.padEnd(50)}${cell(value)} of ${limit} ms  ${isKept ? 'ok' : 'OVER'}`);
}
process.exitCode = isOver ? 1 : 0;
