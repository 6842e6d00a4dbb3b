"""Basins of a loss on a grid, as the program finds them: as the level c rises, every local minimum begins a component
of {f <= c}; at the saddle where two meet, the one with the higher minimum ends. (birth, death) = (minimum, saddle);
the lowest one never dies. Neighbours are the eight around a point, on a profile the two beside it.
"""

import numpy as np


def persistence_pairs(values):
    """(birth, death) of every basin of values (P) or (rows, columns), (B, 2), the lowest first; death inf: never."""
    grid = np.atleast_2d(np.asarray(values, dtype=float))
    n_rows, n_columns = grid.shape
    flat = grid.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[np.isfinite(flat[order])]
    rank = np.full(flat.size, -1)
    rank[order] = np.arange(order.size)
    root = {}
    pairs = []

    def lowest(point):
        while root[point] != point:
            root[point] = root[root[point]]
            point = root[point]
        return point

    for point in order.tolist():
        root[point] = point
        row, column = divmod(point, n_columns)
        for r in range(max(0, row - 1), min(n_rows, row + 2)):
            for c in range(max(0, column - 1), min(n_columns, column + 2)):
                neighbour = r * n_columns + c
                if neighbour not in root:
                    continue
                lower, higher = lowest(neighbour), lowest(point)
                if lower == higher:
                    continue
                if rank[higher] < rank[lower]:
                    lower, higher = higher, lower
                if flat[higher] < flat[point]:
                    pairs.append((flat[higher], flat[point]))
                root[higher] = lower
    pairs += [(flat[point], np.inf) for point in order.tolist() if lowest(point) == point]
    return np.array(sorted(pairs), dtype=float).reshape(-1, 2)


def above_rounding(pairs, largest):
    """Those that are deeper than rounding of losses up to `largest` in size can make."""
    return pairs[pairs[:, 1] - pairs[:, 0] > 128 * np.finfo(float).eps * largest]
