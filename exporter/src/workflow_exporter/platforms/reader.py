"""Reads platform profiles: the shipped ones, or one that an operator wrote.

A profile is refused as a whole, in one line that names the place: an unknown key, a kind that does
not exist, a row that two components claim.
"""

import re
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from workflow_exporter.errors import ProfileError, VersionError
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import (
    ConfigMapRow,
    Generation,
    Profile,
    ProfileComponent,
    ServiceRow,
    WorkloadRow,
)
from workflow_exporter.text_encoding import utf8
from workflow_exporter.version import Version, parse_version
from workflow_exporter.yaml_depth import check_depth

SHIPPED = ("deis", "hephy", "drycc")
_MAX_FILE_BYTES = 1024 * 1024  # 1 MiB; the longest shipped profile is 12 KB

# What building a YAML value raises: `!!int ""` an IndexError, `!!bool x` a KeyError, and so on.
_YAML_FAULTS = (yaml.YAMLError, LookupError, AttributeError, ArithmeticError, TypeError, ValueError)

# Names become parts of API paths, of the catalog's address and metric labels: as Kubernetes allows them.
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # a DNS label, RFC 1123; a catalog's names too
_OBJECT_NAME = re.compile(rf"(?=.{{1,253}}\Z){_WORD.pattern}(?:\.{_WORD.pattern})*")  # a DNS subdomain
_CONFIG_MAP_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")

_Text = TypeVar("_Text", bound="_Strict")


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what stands in the file."""


class _WorkloadText(_Strict):
    name: str
    kinds: tuple[WorkloadKind, ...]
    required: bool | None = None  # None: as the component
    container: str | None = None
    pod_labels: dict[str, str] = {}
    generations: tuple[str, ...] = ()
    optional_in: tuple[str, ...] = ()


class _ConfigMapText(_Strict):
    name: str
    key: str
    required: bool | None = None  # None: as the component
    generations: tuple[str, ...] = ()


class _ServiceText(_Strict):
    name: str
    selector: dict[str, str] = {}


class _GenerationText(_Strict):
    name: str
    first_versions: dict[str, str] = {}
    last_versions: dict[str, str] = {}


class _ComponentText(_Strict):
    title: str
    description: str
    required: bool
    observed: bool = True
    images: tuple[str, ...] = ()
    first_version: str | None = None
    workloads: tuple[_WorkloadText, ...] = ()
    config_map: _ConfigMapText | None = None
    services: tuple[_ServiceText, ...] = ()


class _ProfileText(_Strict):
    name: str
    title: str
    namespace: str
    version_annotations: tuple[str, ...]
    components: dict[str, Any]  # decoded one by one, so that a fault names its component
    image_organisations: tuple[str, ...] = ()
    generations: tuple[str | _GenerationText, ...] = ()
    jobs: tuple[str, ...] = ()
    build_pod_prefixes: tuple[str, ...] = ()


def shipped_profiles() -> tuple[Profile, ...]:
    """The profiles in the package: deis, hephy, drycc."""
    folder = resources.files("workflow_exporter.platforms")
    return tuple(
        load_profile((folder / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")
        for name in SHIPPED
    )


def profile_from_file(path: Path) -> Profile:
    """The profile that an operator wrote; raises ProfileError, also where the file cannot be read."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ProfileError(f"profile {path}: larger than {_MAX_FILE_BYTES} bytes")
        text = utf8(path.read_bytes()).decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ProfileError(f"profile {path}: {reason}") from error
    return load_profile(text, str(path))


def load_profile(text: str, where: str) -> Profile:
    """The profile that `text` (YAML) spells; raises ProfileError with `where` and the fault's path."""
    try:
        check_depth(text)
        raw_profile = yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader, see below
    except _YAML_FAULTS as error:
        raise ProfileError(f"profile {where}: not YAML: {_one_line(error)}") from error
    read = _convert(raw_profile, _ProfileText, where, "")
    for name in read.components:  # before any of them stands in a message
        _check_name(name, _WORD, f"profile {where}: components")
    components = {
        name: _component(name, _convert(raw, _ComponentText, where, f"components.{name}"))
        for name, raw in read.components.items()
    }
    if not components:
        raise ProfileError(f"profile {where}: components: is empty")
    profile = Profile(
        name=read.name,
        title=read.title,
        namespace=read.namespace,
        version_annotations=read.version_annotations,
        image_organisations=read.image_organisations,
        generations=tuple(_generation(one, f"profile {where}: generations") for one in read.generations),
        jobs=read.jobs,
        components=components,
        build_pod_prefixes=read.build_pod_prefixes,
    )
    _check(profile, where)
    return profile


def _component(name: str, read: _ComponentText) -> ProfileComponent:
    rows = tuple(
        WorkloadRow(
            component=name,
            name=row.name,
            kinds=row.kinds,
            required=read.required if row.required is None else row.required,
            container=row.container,
            pod_labels=row.pod_labels,
            generations=row.generations,
            optional_in=row.optional_in,
        )
        for row in read.workloads
    )
    return ProfileComponent(
        name=name,
        title=read.title,
        description=read.description,
        required=read.required,
        observed=read.observed,
        images=read.images,
        rows=rows,
        config_map=_config_map(name, read),
        services=tuple(ServiceRow(row.name, row.selector) for row in read.services),
        first_version=read.first_version,
    )


def _config_map(name: str, read: _ComponentText) -> ConfigMapRow | None:
    row = read.config_map
    if row is None:
        return None
    required = read.required if row.required is None else row.required
    return ConfigMapRow(name, row.name, row.key, required, row.generations)


def _generation(read: str | _GenerationText, place: str) -> Generation:
    if isinstance(read, str):
        return Generation(read)
    return Generation(
        read.name,
        _versions(read.first_versions, f"{place}.{read.name}.first_versions"),
        _versions(read.last_versions, f"{place}.{read.name}.last_versions"),
    )


def _versions(read: dict[str, str], place: str) -> dict[str, Version]:
    return {name: _version(text, f"{place}.{name}") for name, text in read.items()}


def _check(profile: Profile, where: str) -> None:
    """Raises ProfileError where a name cannot be one, or the profile contradicts itself."""
    _check_name(profile.name, _WORD, f"profile {where}: name")
    _check_name(profile.namespace, _WORD, f"profile {where}: namespace")
    _check_generation_names(profile, f"profile {where}: generations")
    claimed: dict[tuple[str, WorkloadKind, str], str] = {}
    for name, component in profile.components.items():
        path = f"profile {where}: components.{name}"
        if component.observed and not component.rows and component.config_map is None:
            raise ProfileError(f"{path}: has neither workloads nor a config_map, and is observed")
        if component.first_version is not None:
            _version(component.first_version, f"{path}.first_version")
        if component.config_map is not None:
            _check_config_map(component.config_map, profile, f"{path}.config_map")
        for number, service in enumerate(component.services):
            _check_name(service.name, _WORD, f"{path}.services[{number}].name")
        for number, row in enumerate(component.rows):
            place = f"{path}.workloads[{number}]"
            _check_row(row, profile, place)
            for key in _claims(row, profile):
                if key in claimed:
                    raise ProfileError(f"{place}: {key[1]} {key[0]} is claimed by {claimed[key]} already")
                claimed[key] = f"components.{name}.workloads[{number}]"


def _claims(row: WorkloadRow, profile: Profile) -> list[tuple[str, WorkloadKind, str]]:
    """(name, kind, generation): no two rows may have one in common. No generation is all of them."""
    generations = row.generations or tuple(one.name for one in profile.generations) or ("",)
    return [(row.name, kind, generation) for kind in row.kinds for generation in generations]


def _check_name(name: str, allowed: re.Pattern[str], place: str) -> None:
    if not allowed.fullmatch(name):
        raise ProfileError(f"{place}: {name!r} is not a name that Kubernetes allows there")


def _check_generation_names(profile: Profile, place: str) -> None:
    names = [one.name for one in profile.generations]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ProfileError(f"{place}: {twice[0]!r} is there twice")
    for one in profile.generations:
        for key, versions in (("first", one.first_versions), ("last", one.last_versions)):
            if unknown := sorted(versions.keys() - profile.components.keys()):
                raise ProfileError(f"{place}.{one.name}.{key}_versions: {unknown[0]!r} is no component")


def _check_config_map(row: ConfigMapRow, profile: Profile, place: str) -> None:
    _check_name(row.name, _OBJECT_NAME, f"{place}.name")
    _check_name(row.key, _CONFIG_MAP_KEY, f"{place}.key")
    _check_generations(row.generations, profile, place)


def _check_row(row: WorkloadRow, profile: Profile, place: str) -> None:
    _check_name(row.name, _OBJECT_NAME, f"{place}.name")
    if not row.kinds:
        raise ProfileError(f"{place}.kinds: is empty")
    if WorkloadKind.CONFIG_MAP in row.kinds:
        raise ProfileError(f"{place}.kinds: a ConfigMap is named by config_map, not here")
    _check_generations(row.generations, profile, place)
    _check_generations(row.optional_in, profile, place, "optional_in")


def _check_generations(
    generations: tuple[str, ...], profile: Profile, place: str, key: str = "generations"
) -> None:
    if unknown := sorted(set(generations) - {one.name for one in profile.generations}):
        raise ProfileError(f"{place}.{key}: {unknown[0]!r} is none of the profile's generations")


def _version(text: str, place: str) -> Version:
    try:
        return parse_version(text)
    except VersionError as error:
        raise ProfileError(f"{place}: {error}") from error


def _convert(raw: object, type_: type[_Text], where: str, path: str) -> _Text:
    try:
        return msgspec.convert(raw, type_, strict=True)
    except msgspec.ValidationError as error:
        reason, _, inside = str(error).partition(" - at `$")
        place = f"{path}{inside.rstrip('`')}".strip(".")
        at = f"{place}: " if place else ""
        raise ProfileError(f"profile {where}: {at}{_one_line(reason)}") from error


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())


class _UniqueKeys(yaml.CSafeLoader):
    """A safe loader that refuses a key written twice; PyYAML would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                fault = f"key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, fault, key.start_mark)
            seen.add(str(key.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping
