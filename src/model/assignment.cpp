// Rows are taken in one by one; each new one gets its column along the path of least reduced cost.
#include "landscape/model/assignment.hpp"

#include <limits>

namespace landscape {

std::vector<std::size_t> least_cost_assignment(std::span<const double> cost, std::size_t n) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::size_t none = n;  // a column that no row has; the search for a row's column begins at this extra one
  std::vector<double> of_row(n + 1, 0.0), of_column(n + 1, 0.0);  // potentials
  std::vector<std::size_t> row_of(n + 1, none), before(n + 1, none);
  for (std::size_t row = 0; row < n; ++row) {
    std::vector<double> least(n + 1, kInfinity);  // reduced cost of the path to a column
    std::vector<bool> done(n + 1, false);
    std::size_t column = none;
    row_of[none] = row;
    do {
      done[column] = true;
      const std::size_t from = row_of[column];
      double step = kInfinity;
      std::size_t next = none;
      for (std::size_t j = 0; j < n; ++j) {
        if (done[j]) continue;
        const double reduced = cost[from * n + j] - of_row[from] - of_column[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          before[j] = column;
        }
        if (least[j] < step) {
          step = least[j];
          next = j;
        }
      }
      for (std::size_t j = 0; j <= n; ++j) {
        if (done[j]) {
          of_row[row_of[j]] += step;
          of_column[j] -= step;
        } else {
          least[j] -= step;
        }
      }
      column = next;
    } while (row_of[column] != none);
    for (; column != none; column = before[column]) row_of[column] = row_of[before[column]];
  }
  std::vector<std::size_t> column_of(n);
  for (std::size_t j = 0; j < n; ++j) column_of[row_of[j]] = j;
  return column_of;
}

}  // namespace landscape
