// Makes one half of a release smaller: what neither its Wasm nor its glue uses goes, and the long names between the two become short.
// usage: shrink.mjs NAME.js NAME_bg.wasm [CLASS…]: the exported classes that nothing uses. Writes both files, ready for a minifier.
// wasm-bindgen's output is matched as it is written today; where something expected is missing, the build fails.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, rmSync } from 'node:fs';

const [glueFile, wasmFile, ...unusedClasses] = process.argv.slice(2);
const fail = (what) => { console.error(`${glueFile}: ${what}`); process.exit(1); };
// What rustc and wasm-bindgen make use of, and every browser has had since 2022.
const features = ['bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'multivalue', 'reference-types'].map((name) => `--enable-${name}`);
const binaryen = (await import(`${process.env.SIGNET_TOOLS}/npm/node_modules/binaryen/index.js`)).default;
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' });
let glue = readFileSync(glueFile, 'utf8');

// Replaces the one place that matches.
const replace = (pattern, what, by) => {
  if (glue.match(pattern)?.length !== 1) fail(`should have ${what} once`);
  glue = glue.replace(pattern, () => by);
};
const cut = (pattern, what) => replace(pattern, what, '');

// A crate's exported classes are exports of the Wasm whether or not anything calls them. The app exports none of its own.
for (const name of unusedClasses) {
  cut(new RegExp(`^export class ${name} \\{\\n[^]*?^\\}\\nif \\(Symbol\\.dispose\\) ${name}\\.prototype.*\\n`, 'gm'), `the class ${name}`);
  cut(new RegExp(`^const ${name}Finalization = [^;]*;\\n`, 'gm'), `the finalization of ${name}`);
}
const others = glue.match(/^export class \w+/gm);
if (others) fail(`${others.join(', ')}: used, or one more to name here?`);
// boot.js and worker_boot.js use the default export only.
cut(/\binitSync, (?=__wbg_init as default)/g, 'the export initSync');

// Fallbacks for browsers from before 2022, for callers that there are none of, and a loader for every way to be called. The boot scripts call it once,
// with an address. A host that does not know Wasm's media type is as good as another.
cut(/\(typeof FinalizationRegistry === 'undefined'\)\n.*\n {4}: (?=new FinalizationRegistry)/g, 'closures without FinalizationRegistry');
cut(/^if \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[^]*?^\}\n/gm, 'a fallback for encodeInto');
cut(/^ {4}if \(realloc === undefined\) \{\n[^]*?^ {4}\}\n/gm, 'a string for a Wasm without realloc');
replace(/^async function __wbg_load\([^]*?^async function __wbg_init_once\([^]*?^\}\n/gm, 'the loader', `
async function __wbg_init({ module_or_path: url }) {
  const response = await (url instanceof Promise ? url : fetch(url));
  if (!response.ok) throw new Error(url + ': ' + response.status);
  const is_known = response.headers.get('Content-Type') === 'application/wasm';
  const load = is_known ? WebAssembly.instantiateStreaming(response, __wbg_get_imports()) : WebAssembly.instantiate(await response.arrayBuffer(), __wbg_get_imports());
  const { instance, module } = await load;
  return __wbg_finalize_init(instance, module);
}
`);

// What reaches what. An entry of the import object reaches the exports that its text names; the text around the entries is the root. The function
// through which a closure is called has its export's name and is reached by the entry that names it.
const exports = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasmFile))).map(({ name }) => name);
const wrapper = /^function (wasm_bindgen__convert__closures\w+)\([^]*?^\}\n/gm;
const entry = /^ {8}(__wb\w+): function\([^]*?^ {8}\}(?:, arguments\); \})?,\n/gm;
const named = (text) => exports.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
const entries = [...glue.matchAll(entry)];
const module = glue.match(/^ {8}"(\.\/\w+\.js)": import0,$/m)?.[1] ?? fail('should name one import object');
const graph = [
  { name: 'glue', root: true, reaches: named(glue.replaceAll(entry, '').replaceAll(wrapper, '')).map((name) => `export ${name}`) },
  ...exports.map((name) => ({ name: `export ${name}`, export: name })),
  ...entries.map(([text, name]) => ({ name: `import ${name}`, import: [module, name], reaches: named(text).map((name) => `export ${name}`) })),
];
writeFileSync('graph.json', JSON.stringify(graph));
run('wasm-metadce', ...features, '--debuginfo', '--graph-file=graph.json', wasmFile, '-o', wasmFile);
rmSync('graph.json');

// A panic says nothing in a release: it ends in a trap, and boot.js waits for that. So what words it would only be carried along: each function that
// does nothing but panic becomes the trap itself, and its callers lose what they would tell it.
const panics = /^(core::(panicking::.+|(option|result)::(expect|unwrap)_failed|cell::(lazy::)?panic_\w+|slice::.*_fail|str::slice_error_fail\w*)|alloc::(raw_vec::(handle_error|capacity_overflow)|alloc::handle_alloc_error)|<?alloc::.*::assert_failed|std::(thread::local::panic_access_error|panicking::panic_with_hook))$/;
const linked = binaryen.readBinary(readFileSync(wasmFile));
binaryen.setDebugInfo(true);
const trapped = [];
for (let index = 0; index < linked.getNumFunctions(); index++) {
  const of = linked.getFunctionByIndex(index);
  const name = binaryen.getFunctionInfo(of).name.replaceAll(/\[[0-9a-f]{16}\]|::h[0-9a-f]{16}$/g, '');
  if (!panics.test(name)) continue;
  binaryen.Function.setBody(of, linked.unreachable());
  trapped.push(name);
}
if (!trapped.includes('core::panicking::panic_fmt')) fail('should have core::panicking::panic_fmt');
writeFileSync(wasmFile, linked.emitBinary());

// The names end in hashes and stand in both files, so they cost twice. Flattened and optimised once more, each half is 0.5 kB smaller than by -Oz alone.
// Nothing lies below address 1024 but the stack's last end, so that a sum may go into a load's offset (0.7 kB of the worker).
// Functions stand in the order of their names, which are kept until then: what is alike stands together and compresses better (1.5 kB of the worker).
// A long function that is called once stays one, and an expression that comes twice stays two: less code would be more once compressed (1.3 kB).
// Not --traps-never-happen: a panic ends in a trap, and boot.js waits for that.
const passes = ['--reorder-functions-by-name', '--skip-pass=local-cse', '--one-caller-inline-max-function-size=20', '--low-memory-unused', '-Oz', '--flatten', '--rereloop', '-Oz', '-Oz', '--strip-debug', '--strip-producers', '--strip-target-features', '--minify-imports-and-exports-and-modules'];
const short = JSON.parse(run('wasm-opt', ...features, ...passes, wasmFile, '-o', wasmFile));
emptyPlaces();
const built = new WebAssembly.Module(readFileSync(wasmFile));
const [shortModule, ...rest] = new Set(WebAssembly.Module.imports(built).map(({ module }) => module));
if (rest.length) fail('imports from several modules');
const imports = new Map(short.imports.map(([, name, to]) => [name, to]));
glue = glue.replaceAll(entry, (text, name) => (imports.has(name) ? text.replace(name, () => imports.get(name)) : ''));
glue = glue.replace(`"${module}": import0`, () => `${shortModule}: import0`);
const left = new Map(short.exports);
glue = glue.replaceAll(wrapper, (text, name) => (left.has(name) ? text : ''));
glue = glue.replaceAll(/\bwasm\.(\w+)/g, (text, name) => `wasm.${left.get(name) ?? name}`);

// Zeroes what is left of panics in the data: where each would have been, as address and length of a file's name, line and column; and those names.
function emptyPlaces() {
  const bytes = readFileSync(wasmFile);
  let at = 8;
  const number = () => {
    let value = 0, shift = 0, byte;
    do { byte = bytes[at++]; value += (byte & 127) * 2 ** shift; shift += 7; } while (byte > 127);
    return value;
  };
  // Of each data segment its address, where it stands in the file, and its length.
  const segments = [];
  while (at < bytes.length) {
    const id = bytes[at++], end = number() + at;
    // Active segments of memory 0, each at an i32.const.
    for (let left = id === 11 ? number() : 0; left > 0; left--) {
      if (bytes[at++] !== 0 || bytes[at++] !== 0x41) fail('should have plain data segments only');
      const address = number();
      if (bytes[at++] !== 0x0b) fail('should have plain data segments only');
      const length = number();
      segments.push([address, at, length]);
      at += length;
    }
    at = end;
  }
  const names = [];
  for (const [address, start, length] of segments) {
    for (let place = start + (-address & 3); place + 16 <= start + length; place += 4) {
      const [to, size, line, column] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(place + offset));
      const inside = segments.find(([from, , room]) => from <= to && to + size <= from + room);
      if (!inside || size > 300 || !line || line > 1e5 || !column || column > 1e3) continue;
      const name = bytes.subarray(inside[1] + to - inside[0]).subarray(0, size);
      if (!/^[ -~]+\.rs$/.test(name.toString('latin1'))) continue;
      names.push(name);
      bytes.fill(0, place, place + 16);
    }
  }
  if (!names.length) fail('should name where it panics');
  for (const name of names) name.fill(0);
  writeFileSync(wasmFile, bytes);
}

// Nothing is left over on either side.
const differ = (one, other) => one.filter((name) => !other.includes(name));
const given = [...glue.matchAll(/^ {8}([\w$]+): function\(/gm)].map(([, name]) => name);
const asked = WebAssembly.Module.imports(built).map(({ name }) => name);
const reached = [...glue.matchAll(/\bwasm\.([\w$]+)/g)].map(([, name]) => name);
const offered = WebAssembly.Module.exports(built).map(({ name }) => name);
const odd = [...differ(given, asked), ...differ(asked, given), ...differ(reached, offered), ...differ(offered, reached)];
if (odd.length) fail(`glue and Wasm disagree about ${odd.join(', ')}`);
writeFileSync(glueFile, glue);
