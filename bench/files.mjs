// The files that a bench's server sends, each as `{ body, headers }` under its path.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const TYPES = { css: 'text/css', html: 'text/html; charset=utf-8', js: 'text/javascript', svg: 'image/svg+xml', wasm: 'application/wasm' };

/** One file, with the media type that its name tells. */
export const typed = (name, body, headers = {}) => ({ body, headers: { 'content-type': TYPES[name.split('.').at(-1)] ?? 'application/octet-stream', ...headers } });

/** Signet's release build, with the policies that Trunk.toml gives the page and the worker. */
export async function signetFiles() {
  const trunk = await readFile(join(root, 'Trunk.toml'), 'utf8');
  const page = /^csp = \[\n(.*?)^\]/ms.exec(trunk)?.[1].match(/(?<=^ *").*(?=",$)/gm)?.join('; ').replace(/ 'nonce-[^']*'/, '');
  const other = /^"content-security-policy" = "(.*)"$/m.exec(trunk)?.[1];
  if (!page || !other) throw new Error('Trunk.toml has no csp or no "content-security-policy" any more. Change signetFiles in bench/files.mjs.');
  const names = (await readdir(join(root, 'dist'), { recursive: true })).filter((name) => name.includes('.'));
  const files = {};
  for (const name of names) {
    const policy = name.endsWith('.html') ? page : other;
    files[`/${name}`] = typed(name, await readFile(join(root, 'dist', name)), { 'content-security-policy': policy, 'x-content-type-options': 'nosniff' });
  }
  files['/'] = files['/index.html'];
  return files;
}
