// The linear assignment problem: which column goes to which row so that the sum of the costs is least. Shortest
// augmenting paths with potentials (Kuhn 1955, Munkres 1957; in this form Jonker and Volgenant 1987), O(n^3).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace landscape {

/// The column of every row, of finite costs (n, n), row-major.
std::vector<std::size_t> least_cost_assignment(std::span<const double> cost, std::size_t n);

}  // namespace landscape
