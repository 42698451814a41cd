import pytest
import yaml

from workflow_exporter.yaml_depth import MAX_DEPTH, check_depth, check_expansion


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


BOMB = "a0: &a0 [x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize("text", [BOMB, "a: &a [*a]\n", "a: *a\n", "a: &a " + "x" * 600 + "\nb: [*a, *a]\n"])
def test_aliases_that_expand_too_far_are_refused_before_they_are_expanded(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="aliases that expand too far"):
        check_expansion(text, 1000)


@pytest.mark.parametrize("text", ["a: &a [x]\nb: [*a, *a]\n", "a: &a {x: y}\nb: {<<: *a}\n---\nc: d\n", ""])
def test_aliases_that_expand_a_little_pass(text: str) -> None:
    check_expansion(text, 1000)
