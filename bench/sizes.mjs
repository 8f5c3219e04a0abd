// Prints the largest crates of each Wasm file in dist/. A release has no function names, so this takes cargo's output of the same build, which has, and runs
// wasm-bindgen and wasm-opt -Oz on it with the names kept.
//
//   scripts/bench.sh sizes

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const SHOWN = 15;
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'].map((name) => `--enable-${name}`);
// A function of theirs is mostly there for a type of another crate, which its name tells.
const STANDARD = ['core', 'alloc', 'std'];

// The parts of a Wasm file: bytes of code by function, bytes of each other section, and the functions' names.
function read(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const end = number() + at;
    const found = bytes.toString('utf8', at, end);
    at = end;
    return found;
  };
  const wasm = { imported: 0, code: [], data: 0, rest: 0, names: new Map() };
  while (at < bytes.length) {
    const begin = at;
    const id = bytes[at++];
    const end = number() + at;
    const custom = id === 0 ? text() : undefined;
    if (id === 10) {
      for (let left = number(); left > 0; left -= 1) {
        const before = at;
        const size = number();
        at += size;
        wasm.code.push(at - before);
      }
    } else if (id === 11) {
      wasm.data = end - begin;
    } else if (custom === 'name') {
      while (at < end) {
        const isFunctions = bytes[at++] === 1;
        const next = number() + at;
        if (isFunctions) for (let left = number(); left > 0; left -= 1) wasm.names.set(number(), text());
        at = next;
      }
    } else if (id !== 0) {
      wasm.rest += end - begin;
    }
    at = end;
  }
  wasm.imported = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(({ kind }) => kind === 'function').length;
  return wasm;
}

// The first crate that a demangled name tells, but for the standard library's if there is another: `core::ptr::drop_in_place<leptos::View>` is Leptos's.
function crateOf(name) {
  const crates = [...name.matchAll(/(?<![\w:\]>}])([a-z_]\w*)(?:\[[0-9a-f]+\])?::/g)].map(([, crate]) => crate);
  return crates.find((crate) => !STANDARD.includes(crate)) ?? crates[0] ?? '(no crate)';
}

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile();
const shipped = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.wasm'));
if (shipped.length === 0) throw new Error('There is no Wasm in dist/. Build the app: trunk build --release');
const page = readFileSync(join(root, 'index.html'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'signet-sizes-'));
try {
  for (const file of shipped) {
    const name = file.replace(/-[0-9a-f]{16}|_bg|\.wasm$/g, '');
    const link = [...page.matchAll(/<link data-trunk rel="rust"[^>]*>/g)].map(([tag]) => tag).find((tag) => tag.includes(`data-bin="${name}"`));
    const profile = /data-cargo-profile-release="([^"]*)"/.exec(link)?.[1] ?? 'release';
    const built = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'wasm32-unknown-unknown', profile, `${name}.wasm`);
    if (!isFile(built)) throw new Error(`${built}, of which dist/${file} was made, is not there. Build the app: trunk build --release`);
    execFileSync('wasm-bindgen', ['--target', 'web', '--no-typescript', '--out-dir', folder, built]);
    const named = join(folder, `${name}_bg.wasm`);
    execFileSync('wasm-opt', ['-Oz', '--debuginfo', ...FEATURES, named, '-o', named]);
    const { imported, code, data, rest, names } = read(readFileSync(named));
    if (names.size === 0) throw new Error(`${built} has no names. Set strip = "debuginfo" in the profile ${profile}: wasm-opt takes them away later.`);
    const sizes = new Map();
    code.forEach((size, index) => {
      const crate = crateOf(names.get(imported + index) ?? '');
      sizes.set(crate, (sizes.get(crate) ?? 0) + size);
    });
    const total = code.reduce((sum, size) => sum + size, 0) + data + rest;
    const row = (what, size) => console.log(`  ${what.padEnd(30)}${String(size).padStart(9)}${`${((100 * size) / total).toFixed(1)} %`.padStart(9)}`);
    console.log(`\n${file}: ${statSync(join(root, 'dist', file)).size} bytes; with the names kept, ${total} without them`);
    const sorted = [...sizes].sort(([, one], [, other]) => other - one);
    for (const [crate, size] of sorted.slice(0, SHOWN)) row(crate, size);
    row(`${Math.max(0, sorted.length - SHOWN)} smaller crates`, sorted.slice(SHOWN).reduce((sum, [, size]) => sum + size, 0));
    row('constants (data)', data);
    row('tables, types, imports', rest);
  }
} finally {
  rmSync(folder, { recursive: true });
}
