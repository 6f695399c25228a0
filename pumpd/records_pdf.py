"""The record on paper, as PDF: A4 across, the head of the journal's chain at the foot of every page.

The fonts are those that every reader of PDF has, so that no file has to be shipped; they hold the Latin-1 characters.
Another one is written as its nearest (a name's accent is lost, not the name), and the JSON of the same record has it as
it is. fpdf2 is imported only here, by the console's process or the command line, never by the daemon.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import FontFace

from pumpd.words_record import Block, Sheet

FONT: Final = "helvetica"
BODY: Final = 9
SMALL: Final = 7
LABEL_MM: Final = 45
LINE_MM: Final = 4.6
PEN_MM: Final = 7.5
_NEAREST: Final[Mapping[str, str]] = {"→": "to", "…": "...", "–": "-", "—": "-", "≥": ">=", "≤": "<=", "❚": "|"}
# how wide each column is, by the number of columns
_WIDTHS: Final[Mapping[int, tuple[int, ...]]] = {
    4: (16, 56, 16, 12),
    5: (14, 20, 22, 22, 22),
    7: (15, 41, 9, 9, 9, 9, 10),
}


class _Paper(FPDF):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(orientation="landscape", unit="mm", format="A4")
        self._sheet = sheet
        self.set_margins(14, 12)
        self.set_auto_page_break(auto=True, margin=14)
        self.set_title(latin(sheet.title))
        self.set_creator("pumpd")
        self.set_lang("en")

    def footer(self) -> None:
        self.set_y(-10)
        self.set_font(FONT, size=SMALL)
        self.cell(0, 4, latin(self._sheet.foot))
        self.set_x(-40)
        self.cell(0, 4, f"page {self.page_no()} of {{nb}}", align="R")


def pdf(sheet: Sheet) -> bytes:
    paper = _Paper(sheet)
    paper.set_line_width(0.15)
    paper.set_draw_color(150)
    paper.add_page()
    paper.set_font(FONT, "B", 15)
    paper.cell(0, 8, latin(sheet.title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font(FONT, "B", BODY)
    paper.cell(0, 6, latin(sheet.note), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for block in sheet.blocks:
        _block(paper, block)
    return bytes(paper.output())


def _block(paper: FPDF, block: Block) -> None:
    if paper.will_page_break(24):  # no title alone at the foot of a page
        paper.add_page()
    paper.ln(3)
    paper.set_font(FONT, "B", 11)
    paper.cell(0, 6, latin(block.title), border="B", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(1)
    for label, told in block.lines:
        _line(paper, label, told)
    if block.head and not block.rows:
        _line(paper, "", "none")
    elif block.head:
        _table(paper, block)


def _line(paper: FPDF, label: str, told: str) -> None:
    paper.set_font(FONT, size=BODY)
    wide = paper.epw - LABEL_MM
    high = paper.multi_cell(wide, LINE_MM, latin(told), dry_run=True, output=MethodReturnValue.HEIGHT)
    assert isinstance(high, int | float)
    if paper.will_page_break(high):
        paper.add_page()
    paper.cell(LABEL_MM, LINE_MM, latin(label))
    paper.set_font(FONT, "B", BODY)
    paper.multi_cell(wide, LINE_MM, latin(told), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(paper: FPDF, block: Block) -> None:
    paper.set_font(FONT, size=SMALL + 1)
    even = (1,) * len(block.head)
    with paper.table(
        col_widths=block.widths or _WIDTHS.get(len(block.head), even),
        line_height=PEN_MM if block.to_write else LINE_MM - 0.6,
        padding=0.6,
        text_align="LEFT",
        borders_layout="ALL" if block.to_write else "HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
    ) as table:
        for row in (block.head, *block.rows):
            table.row([latin(cell) for cell in row])


def latin(text: str) -> str:
    """In the characters that the fonts have: the nearest, and a question mark where there is none."""
    return "".join(map(_nearest, text))


def _nearest(character: str) -> str:
    if character.encode("latin-1", "ignore"):
        return character
    plain = _NEAREST.get(character) or unicodedata.normalize("NFKD", character)
    return plain.encode("latin-1", "ignore").decode("latin-1") or "?"
