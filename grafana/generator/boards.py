"""All boards."""

from generator.board import Board
from generator.fleet_instance import FLEET_INSTANCE
from generator.fleet_nodes import FLEET_NODES
from generator.fleet_overview import FLEET_OVERVIEW
from generator.fleet_service import FLEET_SERVICE
from generator.fleet_versions import FLEET_VERSIONS
from generator.workflow_cluster import WORKFLOW_CLUSTER

BOARDS: tuple[Board, ...] = (
    FLEET_OVERVIEW,
    FLEET_VERSIONS,
    FLEET_NODES,
    FLEET_INSTANCE,
    FLEET_SERVICE,
    WORKFLOW_CLUSTER,
)
