"""What the agent's page shows to a reader: the components' rows and the banners, not words anywhere."""

from html.parser import HTMLParser

Rows = dict[str, dict[str, str]]

_VOID = {"br", "hr", "img", "input", "link", "meta"}  # elements that never end


def component_rows(page: str) -> Rows:
    """Cells by column (`Verdict`, `Runs`, …), by the component's title, of the components' table."""
    return _read(page).rows


def stale_banner(page: str) -> str:
    """The text of the banner that says which data is old; empty when there is none."""
    return " ".join(_read(page).stale.split())


def _read(page: str) -> "_Page":
    reader = _Page()
    reader.feed(page)
    reader.close()
    return reader


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: Rows = {}
        self.stale = ""
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._row: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = {}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of SVG, with nothing within to read."""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass  # an element whose end may be left out
        if tag == "tr" and self._is_within("aria-labelledby", "components") and "" in self._row:
            cells = {label: " ".join(text.split()) for label, text in self._row.items()}
            self.rows[cells.pop("")] = cells

    def handle_data(self, data: str) -> None:
        if self._is_within("class", "banner banner-stale"):
            self.stale += f"{data} "
        if self._is_within("aria-labelledby", "components"):
            for tag, attributes in self._open:
                if tag == "td" or (tag, attributes.get("role")) == ("th", "rowheader"):
                    label = attributes.get("data-label") or ""
                    self._row[label] = f"{self._row.get(label, '')} {data}"

    def _is_within(self, attribute: str, value: str) -> bool:
        return any(attributes.get(attribute) == value for _, attributes in self._open)
