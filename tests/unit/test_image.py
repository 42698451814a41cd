"""Image references against the cases of the reference implementation, and by properties.

Source of the cases: github.com/distribution/reference, `reference_test.go`, `normalize_test.go` and
`regexp_test.go`. Where the plain grammar and the normalised form differ on what a registry is
(`library/ubuntu`), the normalised form counts, since that is what container runtimes do.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.image import ImageReference, parse_image

no_deadline = settings(deadline=None)  # a busy machine is no failure

F64 = "sha256:" + "f" * 64
F128 = "sha512:" + "f" * 128

# text -> (registry, repository, tag, digest)
VALID: dict[str, tuple[str | None, str, str | None, str | None]] = {
    # reference_test.go, TestReferenceParse
    "test_com": (None, "test_com", None, None),
    "test.com:tag": (None, "test.com", "tag", None),
    "test.com:5000": (None, "test.com", "5000", None),
    "test.com/repo:tag": ("test.com", "repo", "tag", None),
    "test:5000/repo": ("test:5000", "repo", None, None),
    "test:5000/repo:tag": ("test:5000", "repo", "tag", None),
    f"test:5000/repo@{F64}": ("test:5000", "repo", None, F64),
    f"test:5000/repo:tag@{F64}": ("test:5000", "repo", "tag", F64),
    "lowercase:Uppercase": (None, "lowercase", "Uppercase", None),
    "a/" * 127 + "a:tag-puts-this-over-max": (None, "a/" * 127 + "a", "tag-puts-this-over-max", None),
    "sub-dom1.foo.com/bar/baz/quux": ("sub-dom1.foo.com", "bar/baz/quux", None, None),
    "sub-dom1.foo.com/bar/baz/quux:some-long-tag": (
        "sub-dom1.foo.com",
        "bar/baz/quux",
        "some-long-tag",
        None,
    ),
    "b.gcr.io/test.example.com/my-app:test.example.com": (
        "b.gcr.io",
        "test.example.com/my-app",
        "test.example.com",
        None,
    ),
    "xn--n3h.com/myimage:xn--n3h.com": ("xn--n3h.com", "myimage", "xn--n3h.com", None),
    f"xn--7o8h.com/myimage:xn--7o8h.com@{F128}": ("xn--7o8h.com", "myimage", "xn--7o8h.com", F128),
    "foo_bar.com:8080": (None, "foo_bar.com", "8080", None),
    "foo/foo_bar.com:8080": (None, "foo/foo_bar.com", "8080", None),
    "192.168.1.1": (None, "192.168.1.1", None, None),
    "192.168.1.1:tag": (None, "192.168.1.1", "tag", None),
    "192.168.1.1:5000": (None, "192.168.1.1", "5000", None),
    "192.168.1.1/repo": ("192.168.1.1", "repo", None, None),
    "192.168.1.1:5000/repo": ("192.168.1.1:5000", "repo", None, None),
    "192.168.1.1:5000/repo:5050": ("192.168.1.1:5000", "repo", "5050", None),
    "[2001:db8::1]/repo": ("[2001:db8::1]", "repo", None, None),
    "[2001:db8:1:2:3:4:5:6]/repo:tag": ("[2001:db8:1:2:3:4:5:6]", "repo", "tag", None),
    "[2001:db8::1]:5000/repo": ("[2001:db8::1]:5000", "repo", None, None),
    "[2001:db8::1]:5000/repo:tag": ("[2001:db8::1]:5000", "repo", "tag", None),
    f"[2001:db8::1]:5000/repo@{F64}": ("[2001:db8::1]:5000", "repo", None, F64),
    f"[2001:db8::1]:5000/repo:tag@{F64}": ("[2001:db8::1]:5000", "repo", "tag", F64),
    "[2001:db8::]:5000/repo": ("[2001:db8::]:5000", "repo", None, None),
    "[::1]:5000/repo": ("[::1]:5000", "repo", None, None),
    # normalize_test.go, TestValidateReferenceName and TestValidateRemoteName
    "docker/docker": (None, "docker/docker", None, None),
    "debian": (None, "debian", None, None),
    "docker.io/library/debian": ("docker.io", "library/debian", None, None),
    "index.docker.io/debian": ("index.docker.io", "debian", None, None),
    "127.0.0.1:5000/docker/docker": ("127.0.0.1:5000", "docker/docker", None, None),
    "192.168.0.1:8/debian": ("192.168.0.1:8", "debian", None, None),
    "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev": (
        None,
        "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
        None,
        None,
    ),
    "docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a": (
        "docker.io",
        "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
        None,
        None,
    ),
    "DOCKER/docker": ("DOCKER", "docker", None, None),
    "docker---rules/docker": (None, "docker---rules/docker", None, None),
    "d/docker": (None, "d/docker", None, None),
    "dock__er/docker": (None, "dock__er/docker", None, None),
    "test-com:8080/foo": ("test-com:8080", "foo", None, None),
    "test_com/foo": (None, "test_com/foo", None, None),
    "docker.io/library/foo/bar": ("docker.io", "library/foo/bar", None, None),
    f"busybox:latest@{F64}": (None, "busybox", "latest", F64),
    # regexp_test.go, TestFullNameRegexp and TestReferenceRegexp
    "localhost:8080/bar": ("localhost:8080", "bar", None, None),
    "localhost/bar": ("localhost", "bar", None, None),
    f"localhost:8080@{F64}": (None, "localhost", "8080", F64),
    f"localhost@{F64}": (None, "localhost", None, F64),
    "example.com/some_separator__underscore/myimage": (
        "example.com",
        "some_separator__underscore/myimage",
        None,
        None,
    ),
    "registry.io/foo/project--id.module--name.ver---sion--name": (
        "registry.io",
        "foo/project--id.module--name.ver---sion--name",
        None,
        None,
    ),
    "Asdf.com/foo/bar": ("Asdf.com", "foo/bar", None, None),
    # the three platforms, as their charts write them
    "quay.io/deis/builder:v2.12.0": ("quay.io", "deis/builder", "v2.12.0", None),
    "hephy/slugbuilder:v2.8.1": (None, "hephy/slugbuilder", "v2.8.1", None),
    "registry.drycc.cc/drycc/controller:1.13.1": ("registry.drycc.cc", "drycc/controller", "1.13.1", None),
}

INVALID = [
    # reference_test.go, TestReferenceParse
    "",
    ":justtag",
    f"@{F64}",
    "repo@sha256:" + "f" * 34,
    "validname@invaliddigest:" + "f" * 64,
    "Uppercase:tag",
    "test:5000/Uppercase/lowercase:tag",
    "a/" * 128 + "a:tag",
    "aa/asdf$$^/aa",
    "[2001:db8::1]",
    "[2001:db8::1]:5000",
    "[2001:db8::1]:tag",
    "[fe80::1%eth0]:5000/repo",
    "[fe80::1%@invalidzone]:5000/repo",
    # normalize_test.go
    "https://github.com/docker/docker",
    "docker/Docker",
    "-docker",
    "-docker/docker",
    "-docker.io/docker/docker",
    "docker///docker",
    "docker.io/docker/Docker",
    "docker.io/docker///docker",
    "fc00::1:5000/debian",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
    "docker-/docker",
    "-docker-/docker",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "dock-.er/docker",
    "docker/",
    "busybox:-foo",
    "busybox@foo",
    # regexp_test.go
    "a/a/a/a/",
    "a//a/a",
    "foo.com/",
    "foo.com:http/bar",
    "a^a",
    "foo.com/a-/a/a",
    "foo/bar-",
    "foo/-bar",
    "foo_bar.com:8080/app",
    "docker_/docker_",
    "example.com/__underscore/myimage",
    "example.com/.dots/myimage",
    "example.com/nodouble..dots/myimage",
    "docker./docker",
    ".docker/docker",
    "do__cker:8080/docker",
    "registry.com:8080/myapp@sha256:badbadbadbad",
    "registry.com:8080/myapp:invalid~tag",
    "bad_hostname.com:8080/myapp:tag",
    "registry.com:8080/myapp@2bad",
    "[fd00:1:2::3]75050/app",
    "[fd00:1:2::3]::75050/app",
    # what a YAML slip or a template that was never filled in leaves behind
    "quay.io/deis/builder:",
    "quay.io/deis/builder:v2.12.0\n",
    "quay.io/deis/builder: v2.12.0",
    "quay.io/deis/builder:" + "v" * 129,
    "quay.io/deis/builder@sha256:" + "F" * 64,
    "quay.io/deis/builder:v2.12.0@",
    "{{ .Values.image }}",
    "bücher/builder:v1.0.0",
]


@pytest.mark.parametrize(("text", "parts"), VALID.items(), ids=lambda value: str(value)[:60])
def test_valid_reference_is_taken_apart_and_printed_as_written(
    text: str, parts: tuple[str | None, str, str | None, str | None]
) -> None:
    image = parse_image(text)

    assert image == ImageReference(*parts)
    assert str(image) == text


@pytest.mark.parametrize("text", INVALID, ids=lambda value: repr(value)[:60])
def test_text_outside_the_grammar_is_no_reference(text: str) -> None:
    with pytest.raises(ImageReferenceError):
        parse_image(text)


@pytest.mark.parametrize(
    ("text", "organisation", "name"),
    [
        ("quay.io/deis/builder:v2.12.0", "deis", "builder"),
        ("mirror.example/quay/deis/builder:v2.12.0", "quay/deis", "builder"),
        ("builder", None, "builder"),
    ],
)
def test_organisation_is_what_precedes_the_name(text: str, organisation: str | None, name: str) -> None:
    image = parse_image(text)

    assert (image.organisation, image.name) == (organisation, name)


_atom = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
_part = st.lists(_atom, min_size=1, max_size=3).flatmap(
    lambda atoms: st.sampled_from([".", "_", "__", "-", "--"]).map(lambda separator: separator.join(atoms))
)
_registry = st.one_of(
    st.none(),
    st.sampled_from(
        ["quay.io", "localhost", "localhost:5000", "registry.example:5000", "[::1]:5000", "UPPER"]
    ),
)
_tag = st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z")
_digest = st.none() | st.just(F64) | st.just(F128)
_images = st.builds(
    ImageReference,
    registry=_registry,
    # A single part with a dot, in front of a slash, would be read as a registry: so the first has none.
    repository=st.builds(lambda head, tail: "/".join([head, *tail]), _atom, st.lists(_part, max_size=3)),
    tag=_tag,
    digest=_digest,
).filter(lambda image: not image.repository.startswith("localhost/"))


@no_deadline
@given(_images)
def test_printed_reference_is_read_back_as_the_same(image: ImageReference) -> None:
    assert parse_image(str(image)) == image


@no_deadline
@given(st.text(max_size=300))
def test_any_text_is_either_a_reference_printed_as_written_or_refused(text: str) -> None:
    try:
        image = parse_image(text)
    except ImageReferenceError:
        return
    assert str(image) == text
