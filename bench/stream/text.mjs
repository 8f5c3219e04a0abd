// Makes the answer that every page gets: Markdown as models write it, from a seed, cut into chunks.

// Pseudo-random numbers in [0, 1), the same ones for the same seed: xorshift, 32 bits.
function dice(seed) {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const WORDS = `the of a to in and role key request answer token region policy session stream signature browser worker block table
 header value retry limit quota latency model prompt chunk budget account function endpoint deployed expires allows denies reads writes
 because while after without between often never quickly roughly größer naïve 例え 🙂 über Ελλάδα`.split(/\s+/);

// Markdown of at least `length` characters. Each block begins with its number, such as (#12), which shows whether a page has shown them all.
export function markdown(seed, length) {
  const random = dice(seed);
  const pick = (from) => from[Math.floor(random() * from.length)];
  const times = (least, most, make) => Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, (_, at) => make(at));
  const words = (least, most) => times(least, most, () => pick(WORDS)).join(' ');
  const inline = () => pick([
    () => `**${words(1, 3)}**`,
    () => `*${words(1, 3)}*`,
    () => `\`${pick(WORDS)}_${pick(WORDS)}(${Math.floor(random() * 99)})\``,
    () => `[${words(1, 3)}](https://docs.example.com/${Math.floor(random() * 1e6)}?page=${pick(WORDS).length})`,
  ])();
  const sentence = () => `${words(4, 9)} ${random() < 0.4 ? `${inline()} ` : ''}${words(3, 8)}.`;
  const prose = (least, most) => times(least, most, sentence).join(' ');
  const call = () => `${pick(['read', 'fold', 'sign'])}(${Math.floor(random() * 999)}, "${words(1, 3)}")`;
  const line = () => `${pick(['let', 'const'])} ${pick(['left', 'right', 'sum'])} = ${call()}; // ${words(2, 5)}`;
  const row = (columns) => `| ${Array.from({ length: columns }, () => (random() < 0.2 ? inline() : words(1, 4))).join(' | ')} |`;
  const kinds = {
    heading: (mark) => `${pick(['##', '###'])} ${mark} ${words(2, 6)}`,
    prose: (mark) => `${mark} ${prose(2, 6)}`,
    bullets: (mark) => times(3, 7, (at) => `${at % 3 === 2 ? '  ' : ''}- ${at === 0 ? `${mark} ` : ''}${prose(1, 2)}`).join('\n'),
    steps: (mark) => times(3, 6, (at) => `${at + 1}. ${at === 0 ? `${mark} ` : ''}${prose(1, 2)}`).join('\n'),
    table: (mark) => [`| ${mark} | ${pick(WORDS)} | ${pick(WORDS)} |`, '|---|:--:|--:|', ...times(3, 10, () => row(3))].join('\n'),
    code: (mark) => ['```' + pick(['rust', 'js', 'python', '']), `// ${mark}`, ...times(4, 14, line), '```'].join('\n'),
    quote: (mark) => times(1, 3, (at) => `> ${at === 0 ? `${mark} ` : ''}${sentence()}`).join('\n'),
  };
  // The first blocks in order; then random ones, mostly prose.
  const order = ['heading', 'prose', 'prose', 'bullets', 'prose', 'code', 'prose', 'table', 'prose', 'steps', 'quote'];
  const blocks = [];
  for (let size = 0; size < length; size += blocks.at(-1).length + 2) {
    const kind = blocks.length < order.length ? order[blocks.length] : pick(order);
    blocks.push(kinds[kind](`(#${blocks.length})`));
  }
  return { text: `${blocks.join('\n\n')}\n`, blocks: blocks.length };
}

// Cuts the text into this many chunks of roughly equal size. No chunk ends inside a character.
export function cut(text, chunks, seed) {
  const random = dice(seed);
  const ends = Array.from({ length: chunks - 1 }, (_, at) => {
    const end = Math.round(((at + 1 + (random() - 0.5) * 0.9) * text.length) / chunks);
    return /[\uDC00-\uDFFF]/.test(text[end]) ? end + 1 : end;
  });
  return [...ends, text.length].map((end, at) => text.slice(at === 0 ? 0 : ends[at - 1], end));
}
