# Makes entities.tsv: HTML's named character references that end with `;`, and their code points, as Python's standard library has them
# (html.entities.html5, after https://html.spec.whatwg.org/entities.json).
#
#     python3 tests/vectors/entities.py

import html.entities
from pathlib import Path

entities = {name[:-1]: text for name, text in html.entities.html5.items() if name.endswith(";")}
table = "".join(f"{name}\t{' '.join(f'{ord(c):X}' for c in text)}\n" for name, text in sorted(entities.items()))
(Path(__file__).parent / "entities.tsv").write_text(table)
