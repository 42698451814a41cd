"""All boards."""

from generator.board import Board
from generator.fleet_overview import FLEET_OVERVIEW

BOARDS: tuple[Board, ...] = (FLEET_OVERVIEW,)
