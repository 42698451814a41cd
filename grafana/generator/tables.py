"""Table panels: which columns, under which titles, and where a row leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.panels import JSON, WORDS, Panel, Query


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is a label of the result, or a query's letter for its value."""

    field: str
    title: str
    unit: str = ""
    link: str = ""
    link_title: str = ""
    width: int = 0  # pixels; 0: as Grafana divides them
    mapping: JSON | None = None


def table(
    number: int,
    title: str,
    exprs: Sequence[str],
    columns: Sequence[Column],
    *,
    also: str = "",
    width: int = 24,
    height: int = 9,
    sort: tuple[str, bool] | None = None,
    nothing: str = "",
) -> Panel:
    """Rows of this moment; several queries are joined on the labels that they share.

    Only the columns named are shown, so labels that a store adds to results (tenant, replica) are not.
    `sort` is a column's title, and whether the greatest comes first; `nothing` is what no row means.
    """
    names = [_name(column, single=len(exprs) == 1) for column in columns]
    return Panel(
        number,
        "table",
        title,
        tuple(Query(expr, at_once=True) for expr in exprs),
        also,
        unit=WORDS,  # of labels; a unit of time would be tried on words too
        width=width,
        height=height,
        options={
            "showHeader": True,
            "cellHeight": "sm",
            "sortBy": [{"displayName": sort[0], "desc": sort[1]}] if sort else [],
        },
        defaults={
            "custom": {"align": "auto", "filterable": True, "inspect": False},
            **({"noValue": nothing} if nothing else {}),
        },
        overrides=tuple(_override(name, column) for name, column in zip(names, columns, strict=True)),
        transformations=(
            *([{"id": "merge", "options": {}}] if len(exprs) > 1 else []),
            {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {},
                    "indexByName": {name: index for index, name in enumerate(names)},
                    "renameByName": {},
                },
            },
        ),
    )


def _name(column: Column, *, single: bool) -> str:
    """As Grafana names the fields of tables: "Value" alone, "Value #B" of several."""
    if len(column.field) == 1 and column.field.isupper():
        return "Value" if single else f"Value #{column.field}"
    return column.field


def _override(name: str, column: Column) -> JSON:
    properties: list[JSON] = [{"id": "displayName", "value": column.title}]
    if column.unit:
        properties.append({"id": "unit", "value": column.unit})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.mapping:
        properties.append({"id": "mappings", "value": [column.mapping]})
    if column.link:
        link = {"title": column.link_title, "url": column.link, "targetBlank": False}
        properties.append({"id": "links", "value": [link]})
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}
