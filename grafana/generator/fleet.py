"""What the staff's boards share: how a recorded number is read, and where links lead."""

from generator.variables import AUDIENCE, DATASOURCE_VARIABLE

FLEET_VARIABLES = (DATASOURCE_VARIABLE, AUDIENCE)
OF_AUDIENCE = 'audience="$audience"'

# What is recorded every 5 minutes of each instance is read an hour back; 0 says "no longer".
LAST_SEEN = "instance_id:fleet_last_seen_timestamp_seconds:max"
FIRST_SEEN = "instance_id:fleet_first_seen_timestamp_seconds:min"

_CHOSEN = "${datasource:queryparam}&${audience:queryparam}&${__url_time_range}"
TO_INSTANCE = (
    "/d/fleet-instance/fleet-instance?var-instance_id=${__data.fields.instance_id}"
    "&${datasource:queryparam}&${__url_time_range}"
)
TO_VERSION = (
    "/d/fleet-versions/fleet-versions?var-version=${__data.fields.version}"
    f"&var-platform=${{__data.fields.platform}}&{_CHOSEN}"
)
TO_PLATFORM = f"/d/fleet-versions/fleet-versions?var-platform=${{__data.fields.platform}}&{_CHOSEN}"
TO_COMPONENT = f"/d/fleet-versions/fleet-versions?var-component=${{__data.fields.component}}&{_CHOSEN}"
_COMPONENT_VERSION = (
    "/d/fleet-versions/fleet-versions?var-component_version=${__data.fields.version}"
    "&var-component=${__data.fields.component}"
)
TO_COMPONENT_VERSION = f"{_COMPONENT_VERSION}&{_CHOSEN}"
# From a board that has no audience to pass on.
TO_COMPONENT_VERSION_OF_CUSTOMERS = f"{_COMPONENT_VERSION}&${{datasource:queryparam}}&${{__url_time_range}}"


def one(name: str, *matchers: str) -> str:
    """A number of the audience. Reduced, since a Thanos ruler adds labels of its own to what it records."""
    return f"max({name}{{{','.join((OF_AUDIENCE, *matchers))}}})"


def each(name: str, labels: str, *matchers: str) -> str:
    """The same, one a label."""
    return f"max by ({labels}) ({name}{{{','.join((OF_AUDIENCE, *matchers))}}})"


# 0, where the fleet is counted at all: where nothing is recorded, a 0 would be a claim.
ZERO = f"0 * {one('audience:fleet_instances_running:count24h')}"


MOST_ROWS = 500  # of a table: more is one that nobody reads, and a browser that crawls


def held(name: str, labels: str, *matchers: str) -> str:
    """Of what is recorded as long as it holds, and as 0 once it does not: what holds."""
    return f"max by ({labels}) (last_over_time({name}{{{','.join(matchers)}}}[1h])) > 0"


def one_each(labels: str) -> str:
    """Of the audience's instances each one once, with what it said last; for the one-side of a join."""
    return f"topk by (instance_id) (1, {held(LAST_SEEN, f'instance_id, {labels}', OF_AUDIENCE)})"
