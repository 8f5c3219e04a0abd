# Makes crates/markdown/src/entities.txt, which the app reads, and tests/vectors/entities.tsv, which the tests hold it to, of HTML's named character
# references as Python's standard library has them (html.entities.html5, after https://html.spec.whatwg.org/entities.json).
#
#     python3 tests/vectors/entities.py
#
# entities.txt has a line for each text that names stand for, ordered by its first code point: how far that is from the line before (left out if 1),
# after a `+` the second code point if there is one, and the names, the longest first. So ordered it is 6.3 kB brotli -q 11; by name, front-coded,
# it would be 8.

import html.entities
from pathlib import Path

root = Path(__file__).parent.parent.parent
entities = {name[:-1]: text for name, text in html.entities.html5.items() if name.endswith(";")}

lines = []
before = 0
for text in sorted(set(entities.values())):
    gap = ord(text[0]) - before
    before = ord(text[0])
    words = [] if gap == 1 else [str(gap)]
    words += [f"+{ord(c)}" for c in text[1:]]
    words += sorted((name for name, value in entities.items() if value == text), key=lambda name: (-len(name), name))
    lines.append(" ".join(words) + "\n")
(root / "src/entities.txt").write_text("".join(lines))

table = "".join(f"{name}\t{' '.join(f'{ord(c):X}' for c in text)}\n" for name, text in sorted(entities.items()))
(root / "tests/vectors/entities.tsv").write_text(table)
