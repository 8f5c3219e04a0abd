# Makes commonmark.json and gfm.json: the examples of two specifications, each with its number, Markdown and HTML.
#
#     npm pack commonmark-spec@0.31.2 && tar xzf commonmark-spec-0.31.2.tgz
#     python3 tests/vectors/markdown.py commonmark package/spec.txt > tests/vectors/commonmark.json
#     python3 tests/vectors/markdown.py gfm GFM/spec.txt > tests/vectors/gfm.json
#
# commonmark.json: the CommonMark Spec 0.31.2 by John MacFarlane, https://spec.commonmark.org/0.31.2/, CC-BY-SA 4.0.
# gfm.json: the examples of tables, task lists and strikethrough of the GitHub Flavored Markdown Spec 0.29-gfm, https://github.github.com/gfm/,
# CC-BY-SA 4.0. Its spec.txt is test/spec.txt of the repository github/cmark-gfm. Copies from before 2021 have an older example 491, without ~there~,
# and no 493: those two were entered by hand, after pulldown-cmark's copy of the section (third_party/GitHub/gfm_strikethrough.txt).
# Both files stay under that licence. The only change is that the examples were taken out of the text.

import json
import re
import sys

which, path = sys.argv[1:]
text = open(path, encoding="utf-8").read()
examples = re.findall(r"^`{32} example ?(.*)\n((?:.|\n)*?)^\.\n((?:.|\n)*?)^`{32}$", text, re.M)
cases = [
    {"example": number, "markdown": source.replace("→", "\t"), "html": html.replace("→", "\t")}
    for number, (kind, source, html) in enumerate(examples, 1)
    if which == "commonmark" or kind in ("table", "disabled", "strikethrough")
]
print("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]")
