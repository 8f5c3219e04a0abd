// Makes markdown_random.json: random texts and the HTML that commonmark.js, the reference implementation, makes of them.
//
//     npm install --prefix /tmp/commonmark commonmark@0.31.2
//     NODE_PATH=/tmp/commonmark/node_modules node tests/vectors/markdown_random.cjs > tests/vectors/markdown_random.json
//
// The texts have no `|`, and no `~` within a line, as GFM gives these a meaning. Nor do they have what commonmark.js reads in its own way: tabs and
// U+00A0 at the ends of lines, characters beyond U+FFFF next to a delimiter, HTML in an image's description.

const { HtmlRenderer, Parser } = require("commonmark");

const PIECES = [
  "*", "**", "***", "_", "__", "`", "``", "```", "~~~", "[", "]", "(", ")", "![", "](", "][", "]:", "]: ", "<", ">", "<a", "</b>", '<a href="', "<!--",
  "-->", "<div>", "&amp;", "&", "#", "# ", "## ", "\n", "\n", "\n\n", "\n", " ", " ", "  ", "    ", "\n\t", "- ", "* ", "+ ", "1. ", "2) ", "> ",
  "---", "===", "\\", '"', "'", "a", "b", "ab", "[a]", "[a]: b\n", "é", "ä", "“", "http://x.y", "a@b.c", "!", ":", "/", "0", "9", "a", "b", "foo", "bar",
  "*a*", "**b**", "`c`", "[a](b)", "  \n", "\\\n",
];

let state = 11;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

const parser = new Parser();
const renderer = new HtmlRenderer();
const cases = [];
for (let example = 1; example <= 600; example += 1) {
  let markdown = "";
  for (let left = 1 + random(30); left > 0; left -= 1) markdown += PIECES[random(PIECES.length)];
  cases.push(JSON.stringify({ example, markdown, html: renderer.render(parser.parse(markdown)) }));
}
console.log(`[\n${cases.join(",\n")}\n]`);
