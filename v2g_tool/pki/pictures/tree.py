"""The certificates of a site as trees, in SVG: nothing loaded, always the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from v2g_tool.drawing.page import MARGIN, SMALL_SIZE, TEXT_SIZE, WIDTH, Page, Said
from v2g_tool.drawing.sheet import BLUE, GREY, INK, ORANGE, PAPER, RED, number, text_width
from v2g_tool.model.section import Mark
from v2g_tool.pki.section import CertificateRecord, Node, Pki, clipped, use, walk

MOST = 60
"""So many boxes are drawn."""
INSET, DEEPEST = 34.0, 10
"""How far a box stands to the right of its issuer's, and the level from which on none does."""
STEM, TEXT = 17.0, 12.0
"""Where the line to the boxes below leaves a box, and where its text begins, from its left edge."""
KEY, ENDS, DAYS, STATE = 552.0, 638.0, 760.0, 890.0
"""Where the columns begin."""
LINE, PADDING, BETWEEN, BASELINE = 18.0, 8.0, 9.0, 4.5
NAME_SIZE, BOLD = 13.0, 1.2
"""Size of a name, and how much wider bold text is."""
WIDE = "MWmw@%"
"""Letters that are wider by half."""
LONGEST_LABEL = 200
_WORDS: Mapping[Mark, str] = {"fail": "fail", "inconclusive": "not judged", "warning": "warning", "ok": "ok"}
_INKS: Mapping[Mark, str] = {"fail": RED, "inconclusive": ORANGE, "warning": ORANGE, "ok": BLUE}
_PAPERS: Mapping[Mark, str] = {"fail": "#fdecea", "inconclusive": "#fdf3e3", "warning": "#fdf3e3", "ok": PAPER}
_SIGNS: Mapping[Mark, str] = {
    "fail": "M-5,-5L5,5M5,-5L-5,5",
    "inconclusive": "M-4,-3A4,4 0 1 1 0,1V3M0,6V7",
    "warning": "M0,-7V2M0,6V7",
    "ok": "M-6,0L-2,5L6,-5",
}
"""What is drawn for each mark, around 0,0: no font is needed for it."""


@dataclass(frozen=True)
class Line:
    """A further line of a box, with a mark of its own where it is about a credential that does not hold."""

    content: str
    fill: str
    mark: Mark = "ok"


@dataclass(frozen=True)
class Drawing:
    """A page in the making, and for each depth the last node with the place where the line below its box begins."""

    page: Page
    stems: dict[int, tuple[Node, float, float]] = field(default_factory=dict)

    def node(self, depth: int, node: Node) -> None:
        """Draw the box of a node with all that is said in it, and the line from its issuer's box."""
        lines = _lines(node)
        height = 2 * PADDING + LINE * (1 + len(lines))
        x, y = MARGIN + INSET * min(depth, DEEPEST), self.page.take(height + BETWEEN)
        middle = y + PADDING + LINE / 2
        self._edge(depth, x, middle, node.mark)
        self.stems[depth] = (node, x + STEM, y + height)
        self._box(x, y, height, node)
        self._heading(x + TEXT, middle, node)
        for at, line in enumerate(lines, start=1):
            shown = _fitting(line.content, STATE - x - 2 * TEXT, SMALL_SIZE)
            self.page.text(x + TEXT, middle + BASELINE + LINE * at, shown, SMALL_SIZE, fill=line.fill)
            if line.mark != "ok":
                self._state(middle + LINE * at, line.mark)

    def _edge(self, depth: int, x: float, y: float, mark: Mark) -> None:
        """Draw the line from the issuer; it is red where it leads to a failure, or to an issuer that is not there."""
        if depth:
            issuer, stem, start = self.stems[depth - 1]
            broken = issuer.certificate is None
            way = f"M{number(stem)},{number(start)}V{number(y)}H{number(max(x, stem))}"
            self.page.path(way, fill="none", **_look("fail" if broken else mark, GREY, dashed=broken))

    def _box(self, x: float, y: float, height: float, node: Node) -> None:
        look = _look(node.mark, _INKS[node.mark], dashed=node.certificate is None)
        place = {"x": x, "y": y, "width": WIDTH - MARGIN - x, "height": height}
        self.page.labelled("rect", _label(node), rx=4, fill=_PAPERS[node.mark], **place, **look)

    def _heading(self, x: float, middle: float, node: Node) -> None:
        """Draw the first line of a box: name, key, end, days, and state."""
        baseline, room = middle + BASELINE, (KEY if node.certificate else STATE) - x - TEXT
        name = _fitting(node.name, room, NAME_SIZE * BOLD)
        self.page.text(x, baseline, name, NAME_SIZE, font_weight="bold")
        for at, following, content in _columns(node.certificate):
            self.page.text(at, baseline, _fitting(content, following - at, SMALL_SIZE), SMALL_SIZE)
        self._state(middle, node.mark)

    def _state(self, middle: float, mark: Mark) -> None:
        place, ink = f"translate({number(STATE)} {number(middle)})", _INKS[mark]
        self.page.path(_SIGNS[mark], transform=place, fill="none", stroke=ink, stroke_width=2.5)
        self.page.text(STATE + TEXT, middle + BASELINE, _WORDS[mark], SMALL_SIZE, fill=ink, font_weight="bold")


def tree_svg(section: Pki, title: str) -> bytes:
    """Give the picture: each root once, below it what was issued, trees in which something fails first."""
    trees = sorted((tuple(walk([root])) for root in section.trees()), key=_rank)
    nodes = [place for tree in trees for place in tree]
    page = Page(title, _header(section, [node for _, node in nodes]))
    drawing = Drawing(page)
    for depth, node in nodes[:MOST]:
        page.take(0 if depth else BETWEEN)
        drawing.node(depth, node)
    if left := [node for _, node in nodes[MOST:]]:
        failed = sum(node.mark == "fail" for node in left)
        said = f"{len(left)} more are not drawn ({failed} fail); report.json has them all."
        page.text(MARGIN, page.take(30) + 20, said, TEXT_SIZE, fill=RED if failed else INK, font_weight="bold")
    page.take(BETWEEN)
    return page.svg()


def _rank(tree: Sequence[tuple[int, Node]]) -> int:
    return min([*_INKS].index(node.mark) for _, node in tree)


def _header(section: Pki, nodes: Sequence[Node]) -> Sequence[Said]:
    certificates = f"Certificates: {_count([node.mark for node in nodes])}"
    credentials = f"Credentials: {_count([each.mark for each in section.credentials])}"
    failed = any(each.mark == "fail" for each in section.credentials)
    return Said(section.statement, fill=GREY), Said(f"{credentials}. {certificates}.", fill=RED if failed else INK)


def _count(marks: Sequence[Mark]) -> str:
    return ", ".join(f"{marks.count(mark)} {word}" for mark, word in _WORDS.items() if mark in marks) or "none"


def _look(mark: Mark, ink: str, *, dashed: bool) -> dict[str, str]:
    """Give how a line is drawn: a failure by width too."""
    stroke, width = (RED, "2.5") if mark == "fail" else (ink, "1.2")
    return {"stroke": stroke, "stroke_width": width, **({"stroke_dasharray": "6 4"} if dashed else {})}


def _columns(certificate: CertificateRecord | None) -> Iterator[tuple[float, float, str]]:
    """Give where a column begins, where the next one does, and what stands in it."""
    if certificate is not None:
        over, endless = certificate.days_left.startswith("-"), certificate.ends == "never"
        yield KEY, ENDS, certificate.key
        yield ENDS, DAYS, "never ends" if endless else f"{'ended' if over else 'ends'} {certificate.ends}"
        if not endless:
            count = certificate.days_left.lstrip("-")
            yield DAYS, STATE, f"{count} day{'' if count == '1' else 's'} {'ago' if over else 'left'}"


def _lines(node: Node) -> list[Line]:
    """Give the further lines of a box: what is wrong, and what a leaf is for."""
    trouble = node.certificate.trouble if node.certificate else ""
    uses = [Line(use(each), INK if each.mark == "ok" else _INKS[each.mark], each.mark) for each in node.credentials]
    return [*([Line(trouble, _INKS[node.mark])] if trouble else []), *uses]


def _label(node: Node) -> str:
    """Give what a viewer shows under the pointer."""
    certificate = node.certificate
    if certificate is None:
        return clipped(node.name, LONGEST_LABEL)
    return f"{clipped(certificate.subject, LONGEST_LABEL)}; SHA-256 {certificate.sha256}"


def _fitting(content: str, room: float, size: float) -> str:
    """Give a text with its middle left out where it has not enough room, wide letters counted as such."""
    most = max(int(room / text_width("x", size)), 1)
    shown = clipped(content, most)
    while most > 1 and text_width(shown, size) + text_width("x", size / 2) * sum(map(_wide, shown)) > room:
        most -= 1
        shown = clipped(content, most)
    return shown


def _wide(char: str) -> bool:
    return char in WIDE or char > "\u2e7f"
