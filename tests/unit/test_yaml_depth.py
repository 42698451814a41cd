import pytest
import yaml

from workflow_exporter.yaml_depth import MAX_DEPTH, check_depth


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "---\n".join(["- " * MAX_DEPTH + "a\n"] * 3),
        "[[], {}]\n",
        "a: '" + "[" * 10_000 + "'",
        "",
    ],
)
def test_text_within_the_limit_passes_whatever_stands_in_its_strings(text: str) -> None:
    check_depth(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a: " + "[" * 200_000,
        "- " * 200_000,
        "\n".join(" " * depth + "a:" for depth in range(MAX_DEPTH + 2)),
    ],
)
def test_text_that_nests_too_deep_is_refused_before_it_can_end_the_process(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="more than 200 levels"):
        check_depth(text)
