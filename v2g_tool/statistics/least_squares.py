"""Weighted least squares for one to three unknowns: small enough to be done by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[float]
Matrix = Sequence[Row]


@dataclass(frozen=True)
class Solution:
    """A weighted least-squares solution.

    Attributes:
        values: one per unknown.
        estimator: one row per unknown, one column per observation: values = estimator · observations.
        residuals: observation less model, one per observation.
    """

    values: tuple[float, ...]
    estimator: tuple[tuple[float, ...], ...]
    residuals: tuple[float, ...]


def solve(design: Matrix, observations: Sequence[float], spreads: Sequence[float]) -> Solution:
    """Give the solution of design · values = observations, each weighted by 1 / spread².

    Args:
        design: one row per observation, one column per unknown; at least as many rows as columns.
        observations: one per row.
        spreads: standard uncertainty of each observation, > 0.

    Raises:
        ValueError: the columns are not independent.
    """
    weighted, norms = _scaled(design, spreads)
    inverse = _inverse(_normal(weighted))
    estimator = tuple(
        tuple(_dot(line, row) / (norm * spread) for row, spread in zip(weighted, spreads, strict=True))
        for line, norm in zip(inverse, norms, strict=True)
    )
    values = tuple(_dot(line, observations) for line in estimator)
    residuals = tuple(seen - _dot(row, values) for seen, row in zip(observations, design, strict=True))
    return Solution(values, estimator, residuals)


def condition(design: Matrix, spreads: Sequence[float]) -> float:
    """Give an upper bound of the condition number of the weighted design, its columns scaled to length 1.

    The bound uses Frobenius norms: at most sqrt(3) times the condition number itself for three unknowns.
    It is infinite when the columns are not independent.
    """
    normal = _normal(_scaled(design, spreads)[0])
    try:
        return math.sqrt(_frobenius(normal) * _frobenius(_inverse(normal)))
    except ValueError:
        return math.inf


def _scaled(design: Matrix, spreads: Sequence[float]) -> tuple[list[list[float]], list[float]]:
    """Divide rows by their spread, then columns by their length; give both."""
    weighted = [[value / spread for value in row] for row, spread in zip(design, spreads, strict=True)]
    norms = [math.hypot(*column) or 1.0 for column in zip(*weighted, strict=True)]
    return [[value / norm for value, norm in zip(row, norms, strict=True)] for row in weighted], norms


def _normal(rows: Matrix) -> list[list[float]]:
    columns = list(zip(*rows, strict=True))
    return [[_dot(one, other) for other in columns] for one in columns]


def _inverse(matrix: Matrix) -> list[list[float]]:
    """Invert by Gauss-Jordan elimination with row pivots."""
    size = len(matrix)
    work = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(work[row][column]))
        if abs(work[pivot][column]) < 1e-12:
            raise ValueError("the columns of the design are not independent")
        work[column], work[pivot] = work[pivot], work[column]
        work[column] = [value / work[column][column] for value in work[column]]
        for row in range(size):
            if row != column:
                factor = work[row][column]
                work[row] = [a - factor * b for a, b in zip(work[row], work[column], strict=True)]
    return [row[size:] for row in work]


def _dot(one: Row, other: Row) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def _frobenius(matrix: Matrix) -> float:
    return math.hypot(*(value for row in matrix for value in row))
