"""Writes the tables of PRIVACY.md from those that reports are made of (`make generate`).

Run as `python -m tools.privacy_page` with tests/ on the path. Only what stands between the two marks is
written; the rest of the page is prose.
"""

from pathlib import Path

from workflow_exporter.reporter.desk import label_texts, series_texts

PAGE = Path(__file__).parents[2] / "PRIVACY.md"
BEGIN = "<!-- written by `make generate` from the tables that reports are made of -->\n"
END = "<!-- end of what is written by `make generate` -->\n"


def tables() -> str:
    """What stands between the marks."""
    lines = [
        "",
        "| series | further labels | value | why | example | what it can never contain |",
        "|---|---|---|---|---|---|",
    ]
    for text in series_texts():
        labels = " ".join(f"`{name}`" for name in text.labels)
        lines.append(
            f"| `{text.name}` | {labels} | {text.meaning} | {text.why} | `{text.example}` | {text.never} |"
        )
    lines += [
        "",
        "| label | what it is | why | example | what it can never contain |",
        "|---|---|---|---|---|",
    ]
    for label in label_texts():
        lines.append(
            f"| `{label.name}` | {label.meaning} | {label.why} | `{label.example}` | {label.never} |"
        )
    return "\n".join([*lines, "", ""])


def with_tables(page: str) -> str:
    """`page` with its tables written anew; raises ValueError unless each mark is there exactly once."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{tables()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
