// Serves the pages, and plays the identity pool and the function URL. It runs in a thread of its own, so that nothing else in the bench makes a chunk late.
//
// The prompt sets the answer's length and speed: "1000 chunks, 200 a second, seed 1". 0 a second means as fast as they are read.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { cut, markdown } from './text.mjs';

const { files, characters } = workerData;

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'authorization, cache-control, content-type, x-amz-date, x-amz-security-token, x-amz-target',
  'access-control-expose-headers': 'x-amzn-requestid, x-amzn-errortype',
};

const IDENTITY = 'eu-central-1:11111111-2222-3333-4444-555555555555';

// The API of Cognito identity pools, JSON 1.1, as far as guests need it.
function identityPool(target) {
  switch (target?.split('.').at(-1)) {
    case 'GetId':
      return { IdentityId: IDENTITY };
    case 'GetCredentialsForIdentity': {
      const keys = { AccessKeyId: 'ASIABENCHBENCHBENCH0', SecretKey: 'no secret', SessionToken: 'no token' };
      return { IdentityId: IDENTITY, Credentials: { ...keys, Expiration: Date.now() / 1000 + 12 * 3600 } };
    }
    default:
      return undefined;
  }
}

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Writes each chunk by itself, at its own time, and reports how late the latest one was, in milliseconds.
async function answer(response, body) {
  // An app may send earlier turns along, with their prompts: the last one counts.
  const plan = [...body.matchAll(/(\d+) chunks, (\d+) a second, seed (\d+)/g)].at(-1);
  if (!plan) return response.writeHead(400, CORS).end();
  const [chunks, rate, seed] = plan.slice(1).map(Number);
  const { text, blocks } = markdown(seed, chunks * characters);
  const lines = cut(text, chunks, seed).map((chunk) => `${JSON.stringify({ chunk })}\n\n`);
  response.writeHead(200, { ...CORS, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(`${JSON.stringify({ model_used: 'eu.amazon.nova-2-lite-v1:0' })}\n\n`);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const begun = performance.now();
  let latest = 0;
  for (let sent = 0; sent < chunks && !response.destroyed;) {
    const now = performance.now() - begun;
    const due = rate ? Math.min(chunks, Math.floor((now * rate) / 1000) + 1) : sent + 1;
    let isTaken = true;
    for (; sent < due; sent += 1) {
      if (rate) latest = Math.max(latest, performance.now() - begun - (sent * 1000) / rate);
      isTaken = response.write(lines[sent]);
    }
    if (rate) await sleep(1);
    else if (!isTaken) await once(response, 'drain', { signal: gone.signal });
  }
  response.end('[DONE]\n\n');
  parentPort.postMessage({ chunks, rate, blocks, length: text.length, latest });
}

async function take(request, response) {
  const { method, url } = request;
  if (method === 'OPTIONS') return response.writeHead(204, CORS).end();
  if (method === 'POST') {
    request.setEncoding('utf8');
    let body = '';
    for await (const part of request) body += part;
    if (url === '/function/') return answer(response, body);
    const reply = url === '/identity-pool/' ? identityPool(request.headers['x-amz-target']) : undefined;
    response.writeHead(reply ? 200 : 400, { ...CORS, 'content-type': 'application/x-amz-json-1.1' });
    return response.end(JSON.stringify(reply ?? { __type: 'InvalidParameterException', message: `The bench plays no ${url}` }));
  }
  const file = files[url.split('?')[0]];
  response.writeHead(file ? 200 : 404, { 'cache-control': 'no-store', ...file?.headers });
  return response.end(file?.body);
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
  // This fails only if the page goes away in the middle of an answer.
  take(request, response).catch(() => { response.destroy(); });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
files['/config.json'] = {
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    name: 'the bench',
    region: 'eu-central-1',
    functionUrl: `http://127.0.0.1:${port}/function/`,
    identityPoolEndpoint: `http://127.0.0.1:${port}/identity-pool/`,
    identityPoolId: 'eu-central-1:11111111-2222-3333-4444-666666666666',
    guestAccess: true,
  }),
};
parentPort.postMessage({ port });
