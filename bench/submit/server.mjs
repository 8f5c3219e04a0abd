// Serves the pages over a link of a fixed bandwidth and latency, and plays the user pool. A thread of its own, so that nothing else in the bench delays a byte.
// The link is made here, not in the browser: Chromium's throttling does not reach what a worker asks for.
//
// Tells its port; takes the files, then the path of a page each time one is about to be opened; tells when that page's InitiateAuth came.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

// Bytes per millisecond; milliseconds from a file's request to its first byte.
const { rate, latency } = workerData;
// What one packet carries. Files that are on their way together take turns, packet by packet.
const PACKET = 1460;

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'cache-control, content-type, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request',
  'access-control-expose-headers': 'x-amzn-requestid, x-amzn-errortype',
};

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

let files = {};
// The page that is being watched: its path, when it was asked for, the bytes and files sent since.
let visit;

const underWay = [];
let isSending = false;

// Sends what is under way, each packet when the link has carried the one before.
async function sendAll() {
  isSending = true;
  let carriedAt = performance.now();
  for (let file = underWay.shift(); file; file = underWay.shift()) {
    if (file.response.destroyed) continue;
    const packet = file.rest.subarray(0, PACKET);
    carriedAt += packet.length / rate;
    // A timer is a millisecond late or more; the packets after it catch up.
    if (carriedAt > performance.now()) await sleep(carriedAt - performance.now());
    file.rest = file.rest.subarray(PACKET);
    file.entry.bytes += packet.length;
    file.response.write(packet);
    if (file.rest.length > 0) {
      underWay.push(file);
    } else {
      file.response.end();
      file.entry.came = performance.now();
    }
  }
  isSending = false;
}

async function sendFile(request, response) {
  const path = request.url.split('?')[0];
  const asked = performance.now();
  if (path === visit?.path) visit.began ??= asked;
  const entry = { path, asked, bytes: 0 };
  visit?.entries.push(entry);
  await sleep(latency);
  const file = files[path];
  const known = request.headers['if-none-match'];
  if (!file || (known && known === file.headers.etag)) {
    entry.came = performance.now();
    return response.writeHead(file ? 304 : 404, file?.headers).end();
  }
  response.writeHead(200, file.headers);
  response.flushHeaders();
  underWay.push({ response, rest: file.body, entry });
  if (!isSending) await sendAll();
}

async function userPool(request, response) {
  const came = performance.now();
  request.setEncoding('utf8');
  let body = '';
  for await (const part of request) body += part;
  const target = request.headers['x-amz-target'];
  response.writeHead(400, { ...CORS, 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ __type: 'NotAuthorizedException', message: 'Incorrect username or password.' }));
  if (target !== 'AWSCognitoIdentityProviderService.InitiateAuth' || !visit?.began) return;
  const { began, entries } = visit;
  visit = undefined;
  const { AuthFlow, AuthParameters } = JSON.parse(body);
  parentPort.postMessage({
    flow: AuthFlow,
    // g^a is a number of 3072 bits: a page that sent less has not done the work.
    isSrp: AuthFlow === 'USER_SRP_AUTH' && AuthParameters.SRP_A.length > 700,
    username: AuthParameters.USERNAME,
    ms: came - began,
    bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
    files: entries.map((entry) => ({ path: entry.path, bytes: entry.bytes, asked: entry.asked - began, came: entry.came && entry.came - began })),
  });
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
  // A preflight is answered at once: it costs each page the same.
  if (request.method === 'OPTIONS') return response.writeHead(204, CORS).end();
  const handled = request.method === 'POST' ? userPool(request, response) : sendFile(request, response);
  // This fails only if the page goes away.
  return handled.catch(() => { response.destroy(); });
});

parentPort.on('message', (message) => {
  if (message.files) files = message.files;
  else visit = { path: message.path, entries: [] };
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
parentPort.postMessage({ port: server.address().port });
