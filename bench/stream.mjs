// Measures what a streamed answer costs the page's thread: in Signet, in a React page that shows plain text, and in one with Streamdown, in turn. For Signet also
// whether a slow computer stays smooth, and whether answers leave memory behind.
//
//   node stream.mjs [RUNS] [cpu] [slow] [memory]      RUNS for the CPU time, 3 by default; all three parts unless some are named
//
// Ends with 1 if Signet is over a limit.

import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { signetFiles, typed } from './files.mjs';

const PEERS = ['react', 'streamdown'];
const ALL = ['signet', ...PEERS];
const PARTS = ['cpu', 'slow', 'memory'];
// Signet's main-thread CPU time is at most this part of the peer's.
const RATIOS = [{ rate: 200, peer: 'react', part: 5 }, { rate: 1000, peer: 'react', part: 5 }, { rate: 200, peer: 'streamdown', part: 10 }];
const LONGEST_TASK = 50;
// How much memory may grow from answer 50 to 150, for each of the hundred, in bytes and nodes. From the fiftieth answer on, the list of conversations shows fifty
// entries and no more. It leaves room for the entries that are not shown, and for what Chromium keeps according to heap snapshots: undo steps, history entries, layout records, a media query for each table with
// a head. It leaves no room for an answer: that is 8 kB of text, and several times that on the screen. WebAssembly's memory keeps the list of conversations, in
// the page and in the worker, and what Leptos keeps of each item that a `For` ever had. It grows by 64 KiB at a time.
const GROWTH = { heap: 4096, wasm: 2048, nodes: 20 };
// A run counts only if no chunk was later than this, in milliseconds.
const LATEST = 50;

const CHARACTERS = 24;
const SECONDS = 5;
// The time after the answer's end counts as well: work that is put off still counts.
const SETTLE = 1000;
const IDLE = 3000;

const parts = process.argv.slice(2).filter((word) => !/^\d+$/.test(word));
const runs = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 3);
if (runs < 1 || parts.some((part) => !PARTS.includes(part))) throw new Error(`Give a number of runs, such as 3, and any of ${PARTS.join(', ')}.`);
const isAsked = (part) => parts.length === 0 || parts.includes(part);
const here = import.meta.dirname;

// The peers as they would be deployed: React's production build, minified.
async function peerFiles() {
  const files = {};
  for (const peer of PEERS) {
    const { outputFiles: [script] } = await build({
      entryPoints: [join(here, 'peers', `${peer}.jsx`)], bundle: true, minify: true, format: 'esm', target: 'es2022', jsx: 'automatic', write: false,
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    files[`/${peer}/`] = typed('index.html', await readFile(join(here, 'peers', 'index.html')));
    files[`/${peer}/page.js`] = typed('page.js', script.contents);
  }
  return files;
}

// --- in the page: these functions run there and see nothing but their arguments --------------------------------------------------

// Reports when the next turn has ended and has been painted. Observes one attribute; with `isTimed` also the time between frames.
function watch(before, isTimed) {
  const bench = globalThis.bench = { gap: 0 };
  let isWatching = true;
  if (isTimed) {
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      bench.gap = Math.max(bench.gap, now - last);
      last = now;
      if (isWatching) requestAnimationFrame(frame);
    };
    requestAnimationFrame(() => { last = performance.now(); requestAnimationFrame(frame); });
  }
  const observer = new MutationObserver(() => {
    const turns = document.querySelectorAll('.turn');
    const state = [...turns].at(-1)?.dataset.state;
    if (turns.length <= before || !state || state === 'waiting' || state === 'streaming') return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => {
      isWatching = false;
      globalThis.benchEnded(JSON.stringify({ state, wall: performance.now() - bench.begun }));
    }));
  });
  observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-state'] });
  document.querySelector('#prompt').focus();
}

function press() {
  performance.clearMarks();
  performance.mark('bench:begin');
  globalThis.bench.begun = performance.now();
  document.querySelector('#send').click();
}

// What the newest turn shows: the number of its numbered blocks, the kinds of Markdown elements, and its last words.
function shown() {
  const turn = [...document.querySelectorAll('.turn')].at(-1);
  const numbers = new Set([...turn.textContent.matchAll(/\(#(\d+)\)/g)].map(([, number]) => number));
  const kinds = ['table', 'pre', 'blockquote', 'strong', 'ol', 'ul', 'a[href]'].filter((kind) => turn.querySelector(kind));
  return { blocks: numbers.size, kinds, text: turn.innerText.slice(-600) };
}

// Presses the button or link with this text, and returns whether there is one.
function pressButton(pattern) {
  const says = (button) => `${button.ariaLabel ?? ''}\n${button.textContent}`.split('\n').map((text) => text.trim());
  const found = [...document.querySelectorAll('button, a[href]')].find((button) => says(button).some((text) => new RegExp(pattern, 'i').test(text)));
  found?.click();
  return Boolean(found);
}

// --- driving ------------------------------------------------------------------------------------------------------------------

// A target of the DevTools protocol that is reached through its parent: a page through the browser, a worker through its page.
class Target extends EventEmitter {
  constructor(parent, sessionId) {
    super();
    const replies = new Map();
    let last = 0;
    this.send = async (method, params = {}) => {
      const id = last += 1;
      const reply = new Promise((resolve, reject) => { replies.set(id, { resolve, reject }); });
      await parent.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
      return reply;
    };
    parent.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return;
      const { id, method, params, result, error } = JSON.parse(event.message);
      if (method) this.emit(method, params);
      else if (error) replies.get(id)?.reject(new Error(error.message));
      else replies.get(id)?.resolve(result);
      replies.delete(id);
    });
  }
}

// A page in a new context and so in a new process. It is driven without Playwright, which would enable the Network domain: Chromium would then tell the page's
// thread of each chunk that a worker reads, which costs time that no visitor's page spends.
class Page {
  static async open(bench, name) {
    const page = new Page();
    const browser = await bench.browser.newBrowserCDPSession();
    const { browserContextId } = await browser.send('Target.createBrowserContext');
    Object.assign(page, { bench, name, browser, browserContextId });
    try {
      const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank', browserContextId });
      const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: false });
      page.cdp = new Target(browser, sessionId);
      await page.cdp.send('Emulation.setDeviceMetricsOverride', { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false });
      // Durations are CPU time, which other programs do not lengthen.
      await page.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
      page.cdp.on('Runtime.exceptionThrown', ({ exceptionDetails: { text, exception } }) => console.error(`  ${name}: ${exception?.description ?? text}`));
      await page.cdp.send('Runtime.enable');
      await page.cdp.send('Runtime.addBinding', { name: 'benchEnded' });
      await page.followWorkers();
      const site = name === 'signet' ? '' : `${name}/`;
      await page.cdp.send('Page.navigate', { url: `http://localhost:${bench.port}/${site}` });
      if (name === 'signet') await page.enter();
      await page.until('the prompt', () => document.querySelector('#prompt')?.checkVisibility());
      await sleep(SETTLE);
      return page;
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  async close() {
    await this.browser.send('Target.disposeBrowserContext', { browserContextId: this.browserContextId });
    await this.browser.detach();
  }

  // Runs `code` in the page. The page's policy does not apply to the DevTools protocol.
  async evaluate(code, ...args) {
    const expression = `(${code})(...${JSON.stringify(args)})`;
    const { result, exceptionDetails } = await this.cdp.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${this.name}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  async until(what, condition, ...args) {
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
      if (await this.evaluate(condition, ...args)) return;
    }
    throw new Error(`${this.name}: ${what} did not come. The page says: ${await this.evaluate(() => document.body.innerText.slice(0, 500))}`);
  }

  // Enters as a guest.
  async enter() {
    await this.until('the button for guests', pressButton, 'as a guest$');
    await this.until('the prompt', () => document.querySelector('#prompt')?.checkVisibility());
  }

  // Clears the answers: begins a new conversation where the build has a button for it, else signs out and in again. Returns which.
  async clear() {
    if (await this.evaluate(pressButton, '^new (conversation|chat)$')) {
      await this.until('an empty conversation', () => document.querySelectorAll('.turn').length === 0);
      return 'a new conversation';
    }
    await this.evaluate(() => document.querySelector('#sign-out').click());
    await this.until('the form', () => !document.querySelector('#prompt')?.checkVisibility());
    await this.enter();
    return 'signing out and in again';
  }

  // Asks, waits for the end, and checks that the answer ended well and that every block is shown.
  async ask({ chunks, rate, seed, isTimed = false, settle = SETTLE }) {
    const before = await this.evaluate(() => document.querySelectorAll('.turn').length * (document.querySelector('#sign-out') ? 1 : 0));
    const sent = once(this.bench.server, 'message');
    const ended = once(this.cdp, 'Runtime.bindingCalled');
    await this.evaluate(watch, before, isTimed);
    await this.cdp.send('Input.insertText', { text: `${chunks} chunks, ${rate} a second, seed ${seed}` });
    const begun = await this.metrics();
    await this.evaluate(press);
    const patience = AbortSignal.timeout(120_000);
    const stopped = once(patience, 'abort').then(() => { throw new Error(`${this.name}: no end of the answer after two minutes.`); });
    const [{ payload }] = await Promise.race([ended, stopped]);
    const { state, wall } = JSON.parse(payload);
    await sleep(settle);
    const end = await this.metrics();
    const gap = await this.evaluate(() => { performance.mark('bench:end'); return globalThis.bench.gap; });
    const seen = await this.evaluate(shown);
    if (state !== 'done') throw new Error(`${this.name}: the answer ended as ${state}: ${seen.text}`);
    const [server] = await Promise.race([sent, stopped]);
    if (seen.blocks !== server.blocks) throw new Error(`${this.name}: of ${server.blocks} blocks ${seen.blocks} are shown.`);
    const [busy, script, style, layout, seconds] = ['ThreadTime', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration', 'Timestamp']
      .map((name) => end[name] - begun[name]);
    return { wall, busy, script, style, layout, seconds, gap, server, kinds: seen.kinds };
  }

  async metrics() {
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }

  // The load of the page's thread while nothing happens: CPU milliseconds per millisecond.
  async idle() {
    const begun = await this.metrics();
    await sleep(IDLE);
    const end = await this.metrics();
    return (end.ThreadTime - begun.ThreadTime) / (end.Timestamp - begun.Timestamp);
  }

  async followWorkers() {
    this.workers = new Map();
    this.cdp.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') this.workers.set(sessionId, new Target(this.cdp, sessionId));
    });
    this.cdp.on('Target.detachedFromTarget', ({ sessionId }) => this.workers.delete(sessionId));
    await this.cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  }

  // Memory after garbage collection, of the page and its workers together: bytes of the JavaScript heap, the DOM's heap and WebAssembly's memories, and DOM nodes.
  async memory() {
    const total = { js: 0, dom: 0, wasm: 0, nodes: 0 };
    for (const { send } of [this.cdp, ...this.workers.values()]) {
      await send('HeapProfiler.enable');
      // The browser's own list of fetched resources grows to 250 entries, whatever the app does.
      await send('Runtime.evaluate', { expression: 'performance.clearResourceTimings()' });
      // One collection frees only part, and memory that is not swept yet still counts: take the smallest of five.
      let usage;
      for (let time = 0; time < 5; time += 1) {
        await send('HeapProfiler.collectGarbage');
        const { usedSize, embedderHeapUsedSize = 0 } = await send('Runtime.getHeapUsage');
        if (!usage || usedSize + embedderHeapUsedSize < usage.js + usage.dom) usage = { js: usedSize, dom: embedderHeapUsedSize };
      }
      total.js += usage.js;
      total.dom += usage.dom;
      const { result: prototype } = await send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype', objectGroup: 'bench' });
      const { objects } = await send('Runtime.queryObjects', { prototypeObjectId: prototype.objectId, objectGroup: 'bench' });
      const size = 'function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }';
      const { result } = await send('Runtime.callFunctionOn', { objectId: objects.objectId, functionDeclaration: size, returnByValue: true });
      total.wasm += result.value;
      await send('Runtime.releaseObjectGroup', { objectGroup: 'bench' });
      await send('HeapProfiler.disable');
    }
    total.nodes = (await this.cdp.send('Memory.getDOMCounters')).nodes;
    const heap = total.js + total.dom;
    return { ...total, heap, all: heap + total.wasm };
  }

  // Runs `act` under a trace. Adds to its result: the longest task of the page's thread by wall time and by CPU time, and the worker's CPU time.
  async traced(act) {
    await this.bench.browser.startTracing(undefined, { categories: ['blink.user_timing', 'disabled-by-default-devtools.timeline'] });
    let result;
    let events;
    try {
      result = await act();
    } finally {
      events = JSON.parse(await this.bench.browser.stopTracing()).traceEvents;
    }
    const [begin, end] = ['bench:begin', 'bench:end'].map((name) => events.find((event) => event.name === name));
    const worker = events.find(({ name, pid, args }) => name === 'thread_name' && pid === begin.pid && args.name === 'DedicatedWorker thread');
    const tasks = (tid) => events
      .filter(({ name, pid, tid: thread }) => name === 'RunTask' && pid === begin.pid && thread === tid)
      .filter(({ ts, dur }) => ts + dur > begin.ts && ts < end.ts)
      .map(({ dur, tdur }) => ({ wall: dur / 1000, cpu: tdur / 1000 }));
    const page = tasks(begin.tid);
    if (page.length === 0) throw new Error('The trace has no RunTask of the page. Has Chromium renamed it?');
    const longest = (clock) => Math.max(...page.map((task) => task[clock]));
    const inWorker = worker && tasks(worker.tid).reduce((sum, { cpu }) => sum + cpu, 0);
    return { ...result, longest: { wall: longest('wall'), cpu: longest('cpu') }, over: page.filter(({ cpu }) => cpu > LONGEST_TASK).length, inWorker };
  }
}

// --- the three parts ----------------------------------------------------------------------------------------------------------

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const verdicts = [];
const judge = (isKept, demand, found) => verdicts.push({ isKept, demand, found });
const late = [];
const cells = (...values) => values.map((value) => (typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : `${value ?? '–'}`).padStart(10)).join('');
const MB = (bytes) => bytes / 1e6;

async function withPage(bench, name, act) {
  const page = await Page.open(bench, name);
  try {
    return await act(page);
  } finally {
    await page.close();
  }
}

// Measures again if a chunk was late: the load was not the planned one then. The third result is taken as it is, and reported as late.
async function inTime(bench, name, act) {
  for (let attempt = 1; ; attempt += 1) {
    const found = await withPage(bench, name, act);
    const { rate, latest } = found.server;
    if (latest <= LATEST) return found;
    console.log(`  ${name} at ${rate}/s: a chunk was ${latest.toFixed(0)} ms late, the machine is busy`);
    if (attempt < 3) continue;
    late.push(`${name} at ${rate}/s: ${latest.toFixed(0)} ms`);
    return found;
  }
}

async function cpu(bench) {
  const seen = {};
  for (const rate of [200, 1000]) {
    const plan = { chunks: rate * SECONDS, rate };
    for (let run = 1; run <= runs; run += 1) {
      for (const name of ALL) {
        const found = await inTime(bench, name, async (page) => {
          const idle = await page.idle();
          const asked = await page.ask({ ...plan, seed: run });
          return { ...asked, idle, cpu: asked.busy - idle * asked.seconds };
        });
        (seen[`${rate} ${name}`] ??= []).push(found);
        const [idle, latest] = [found.idle * 1000, found.server.latest].map((ms) => ms.toFixed(1));
        const who = `${run} ${name.padEnd(10)} ${String(rate).padStart(4)}/s`;
        console.log(`  ${who}  ${found.cpu.toFixed(3)} s of the page's thread; idle ${idle} ms a second; latest chunk ${latest} ms late`);
      }
    }
  }
  console.log(`\nAn answer of ${SECONDS} s, chunks of about ${CHARACTERS} characters, the first in a fresh page; CPU: medians of ${runs} runs.`);
  console.log('CPU s: ThreadTime of the page\'s thread alone (Performance.getMetrics), from Send to a second after the end, less an idle page\'s.');
  console.log('Script, style and layout are parts of it, idle and all.');
  console.log('The other columns come from one more run, traced and with a frame counter. Task: the longest of the page\'s thread. Heap: of all');
  console.log('threads, after the answer and garbage collection: script, DOM and WebAssembly.');
  const heads = ['wall s', 'CPU s', 'script', 'style', 'layout', 'worker s', 'task ms', 'its CPU', 'frame gap', 'heap MB'];
  console.log(`\n${''.padEnd(20)}${cells(...heads)}`);
  const of = (rate, name, what = 'cpu') => median(seen[`${rate} ${name}`].map((run) => run[what]));
  let kinds = [];
  for (const rate of [200, 1000]) {
    for (const name of ALL) {
      const found = await inTime(bench, name, async (page) => {
        const traced = await page.traced(() => page.ask({ chunks: rate * SECONDS, rate, seed: 1, isTimed: true }));
        return { ...traced, memory: await page.memory() };
      });
      if (name === 'signet') kinds = found.kinds;
      const { wall, inWorker, longest, gap, memory } = found;
      const spent = ['cpu', 'script', 'style', 'layout'].map((what) => of(rate, name, what));
      const row = [wall / 1000, ...spent, inWorker && inWorker / 1000, longest.wall, longest.cpu, gap, MB(memory.all)];
      console.log(`${`${name}, ${rate}/s`.padEnd(20)}${cells(...row)}`);
    }
  }
  const isMarkdown = ['table', 'pre', 'blockquote'].every((kind) => kinds.includes(kind));
  judge(isMarkdown, 'Signet shows Markdown', isMarkdown ? kinds.join(' ') : `this build shows plain text (${kinds.join(' ') || 'no elements'})`);
  for (const rate of [200, 1000]) {
    for (const peer of PEERS) {
      const [ours, theirs] = [of(rate, 'signet'), of(rate, peer)];
      const part = RATIOS.find((ratio) => ratio.rate === rate && ratio.peer === peer)?.part;
      const found = `1/${(theirs / ours).toFixed(1)} (${ours.toFixed(3)} of ${theirs.toFixed(3)} s)`;
      // Zero, or less than an idle page, would mean that the measurement failed.
      judge(part === undefined ? undefined : ours > 0 && ours * part <= theirs, `CPU at ${rate}/s ${part ? `≤ 1/${part} of` : 'beside'} ${peer}'s`, found);
    }
  }
}

async function slow(bench) {
  const chunks = Math.ceil(200_000 / CHARACTERS);
  console.log('\nAn answer of 200 kB, the page\'s thread slowed down 4 times (Emulation.setCPUThrottlingRate; a worker is not slowed down by it).');
  console.log('Task: the longest RunTask of the page\'s thread in Chromium\'s trace, from Send to a second after the end. The slow-down counts as CPU time.');
  console.log(`\n${''.padEnd(34)}${cells('wall s', 'task ms', 'its CPU', 'over 50', 'frame gap', 'worker s')}`);
  for (const rate of [1000, 0]) {
    for (const name of ALL) {
      const isHeld = name === 'signet' && rate > 0;
      const tasks = [];
      for (let run = 1; run <= (isHeld ? runs : 1); run += 1) {
        const { wall, longest, over, gap, inWorker } = await inTime(bench, name, async (page) => {
          await page.cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
          return page.traced(() => page.ask({ chunks, rate, seed: 1, isTimed: true }));
        });
        tasks.push(longest.cpu);
        const row = [wall / 1000, longest.wall, longest.cpu, `${over}`, gap, inWorker && inWorker / 1000];
        console.log(`${`${name}, ${rate ? `${rate}/s` : 'at once'}`.padEnd(34)}${cells(...row)}`);
      }
      if (isHeld) {
        const demand = `200 kB, 4× slower, ${rate}/s: no task over ${LONGEST_TASK} ms of CPU, median of ${runs}`;
        judge(median(tasks) <= LONGEST_TASK, demand, tasks.map((ms) => ms.toFixed(1)).join(', '));
      }
    }
  }
}

async function memory(bench) {
  const chunks = 340;
  const [first, last] = [50, 150];
  console.log(`\n${last} answers of ${((chunks * CHARACTERS) / 1000).toFixed(0)} kB in one page, each at once, after the one before was cleared away: there is one on the screen.`);
  await withPage(bench, 'signet', async (page) => {
    const at = {};
    let way;
    console.log(`\n${'after garbage collection'.padEnd(34)}${cells('JS MB', 'DOM MB', 'Wasm MB', 'all MB', 'nodes')}`);
    for (let answer = 1; answer <= last; answer += 1) {
      if (answer > 1) way = await page.clear();
      // The same text each time, so that each answer costs the same on the screen.
      await page.ask({ chunks, rate: 0, seed: 1, settle: 50 });
      if (![1, 10, first, 100, last].includes(answer)) continue;
      await sleep(SETTLE);
      at[answer] = await page.memory();
      const { js, dom, wasm, all, nodes } = at[answer];
      console.log(`${`after answer ${answer}`.padEnd(34)}${cells(MB(js), MB(dom), MB(wasm), MB(all), `${nodes}`)}`);
    }
    if (page.workers.size !== 1) throw new Error(`Signet has ${page.workers.size} workers.`);
    const more = (what) => at[last][what] - at[first][what];
    const answers = last - first;
    console.log(`Cleared by ${way}.`);
    for (const [what, name, unit] of [['heap', 'script and DOM', ' B'], ['wasm', 'WebAssembly', ' B'], ['nodes', 'DOM nodes', '']]) {
      const demand = `memory flat from answer ${first} to ${last}, ${name}: at most ${GROWTH[what]}${unit} an answer`;
      judge(more(what) <= GROWTH[what] * answers, demand, `${(more(what) / answers).toFixed(0)}${unit} (${more(what)} in all)`);
    }
  });
}

// ------------------------------------------------------------------------------------------------------------------------------

const files = { ...await signetFiles(), ...await peerFiles() };
const server = new Worker(join(here, 'stream', 'server.mjs'), { workerData: { files, characters: CHARACTERS } });
const [{ port }] = await once(server, 'message');
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
let browser;
try {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', handleSIGINT: false, handleSIGTERM: false });
  console.log(`Chromium ${browser.version()} headless; React and Streamdown ${PEERS.map((peer) => `${MB(files[`/${peer}/page.js`].body.length).toFixed(2)} MB`).join(', ')} of script`);
  const bench = { browser, port, server };
  if (isAsked('cpu')) await cpu(bench);
  if (isAsked('slow')) await slow(bench);
  if (isAsked('memory')) await memory(bench);
} finally {
  await browser?.close();
  await server.terminate();
}

judge(late.length === 0, `every chunk was sent within ${LATEST} ms of its time`, late.join('; ') || 'yes');
console.log('\nDemands (measurements of this machine at this moment, hence no part of make test):');
for (const { isKept, demand, found } of verdicts) {
  console.log(`  ${isKept === undefined ? '    ' : isKept ? 'ok  ' : 'FAIL'}  ${demand.padEnd(84)}  ${found}`);
}
process.exitCode = verdicts.some(({ isKept }) => isKept === false) ? 1 : 0;
