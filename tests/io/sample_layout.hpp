// A small file and what its entries must be, for all tests of the output file.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "landscape/io/landscape_file.hpp"
#include "landscape/model/error.hpp"

namespace landscape::test {

inline constexpr LossKind kBothLosses[] = {LossKind::ritz, LossKind::galerkin};

/// Any bits, as losses may have: negative, NaN with a payload, -0, infinities, subnormal.
inline double sample_loss(LossKind loss, std::int64_t item) {
  switch (item % 97) {
    case 13:
      return -0.0;
    case 29:
      return std::bit_cast<double>(std::uint64_t{0x7ff8000000000abcU} + static_cast<std::uint64_t>(item % 1000));
    case 43:
      return std::numeric_limits<double>::infinity();
    case 67:
      return 5e-324 * static_cast<double>(1 + item % 7);
    default:
      return (loss == LossKind::ritz ? -2.4674 : 0.003) * std::sin(1.0 + 0.37 * static_cast<double>(item));
  }
}

inline std::vector<double> sample_losses(LossKind loss, std::int64_t first, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(sample_loss(loss, first + i));
  return values;
}

inline std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result;
  for (const double x : values) result.push_back(std::bit_cast<std::uint64_t>(x));
  return result;
}

inline Minimizer sample_minimizer(LossKind loss, const NetworkSpec& spec = {}) {
  Minimizer minimizer;
  minimizer.name = to_string(loss);
  minimizer.spec = spec;
  minimizer.loss = loss;
  minimizer.theta.resize(ParameterLayout(spec).size());
  for (std::size_t i = 0; i < minimizer.theta.size(); ++i)
    minimizer.theta[i] = 0.1 * std::cos(static_cast<double>(3 * i + 1));
  minimizer.source = "trained: adam 7 epochs (\u03b8*)";
  minimizer.problem = "cubic";
  minimizer.final_quadrature = "gauss:128";
  minimizer.final_loss = -2.4673;
  minimizer.final_loss_error = 1e-14;
  minimizer.relative_l2_error = 1.5e-4;
  minimizer.relative_l2_uncertainty = 2e-14;
  minimizer.relative_h1_error = 2.5e-3;
  minimizer.relative_h1_uncertainty = 3e-14;
  minimizer.gradient_norm = 3.5e-6;
  minimizer.at_iteration_limit = true;
  minimizer.training_loss = -2.4675;
  minimizer.training_quadrature = "monte-carlo:7 redrawn";
  minimizer.profile_loss = -2.4674;
  minimizer.profile_quadrature = "simpson:2";
  minimizer.warnings = "ritz: the one thing.\nritz: the other.";
  minimizer.seconds = 0.25;
  minimizer.history = {{1, 2, 7}, {-1.0, -2.0, -2.4673}, {0.5, 0.25, 1.5e-4}, "gauss:32"};
  return minimizer;
}

/// The block of one loss's profiles, or of those with a further point set.
inline std::string block(LossKind loss, int set = 0) {
  const std::string main = "profiles/" + to_string(loss);
  return set == 0 ? main : main + "/point_sets/" + std::to_string(set);
}

inline Block sample_block(LossKind loss, std::int64_t n_rows, std::int64_t n_columns, bool vectors = false) {
  Block one;
  one.group = block(loss);
  one.rows = n_rows;
  one.columns = n_columns;
  one.values = "loss";
  one.description = "numbers of a test";
  one.attributes = {{"norm", "filter"}, {"bias", "zero"}};
  one.axis = {"steps", "steps of a test", {}};
  for (std::int64_t j = 0; j < n_columns; ++j)
    one.axis.values.push_back(-1.0 + 2.0 * static_cast<double>(j) / static_cast<double>(n_columns));
  one.row_columns = {{"total_variation", "a real number"},
                     {"slope_changes", "a whole one", ColumnType::whole},
                     {"shape_class", "a small one", ColumnType::byte}};
  if (vectors)
    one.row_vectors = {"direction", "a vector", static_cast<std::int64_t>(sample_minimizer(loss).theta.size())};
  return one;
}

inline constexpr std::size_t kVerdictCapacity = 255;

inline ResultGroup sample_results(LossKind loss, double index = std::nan(""),
                                  std::vector<double> interval = {std::nan(""), std::nan("")}, std::int64_t used = 0,
                                  std::uint64_t seed = 0, const std::string& verdict = "") {
  return {"roughness/" + to_string(loss),
          "results of a test",
          {{"index", "an index", "1", "()", {}, 0, index},
           {"interval", "its interval", "1", "(2)", {2}, 0, std::move(interval)},
           {"used", "directions", "1", "()", {}, 0, used},
           {"bootstrap_seed", "a seed", "1", "()", {}, 0, seed},
           {"verdict", "in words", "1", "()", {}, kVerdictCapacity, verdict}}};
}

/// A group of one number.
inline ResultGroup single_result(const std::string& path, double value) {
  return {path, "", {{"index", "an index", "1", "()", {}, 0, value}}};
}

inline FileLayout sample_layout(std::int64_t n_directions, std::int64_t n_steps, bool save_directions = false) {
  FileLayout layout;
  layout.run.version = "0.1.0";
  layout.run.git_revision = "unknown";
  layout.run.command = "roughness";
  layout.run.device = "cpu";
  layout.run.config = "seed = 1\ngrid = -1:1:5\n";
  layout.run.config_hash = "0123456789abcdef";
  layout.exact_solution = "prod sin(pi x_i)";
  layout.problem = "sine";
  layout.problem_attributes = {{"quadrature", "simpson:2"}, {"seed", std::uint64_t{0xffffffffffffffffU}}};
  layout.points = {1, {0.0, 0.25, 0.5, 0.75, 1.0}, {1.0 / 12, 4.0 / 12, 2.0 / 12, 4.0 / 12, 1.0 / 12}};
  for (const LossKind loss : kBothLosses) {
    layout.minimizers.push_back(sample_minimizer(loss));
    layout.blocks.push_back(sample_block(loss, n_directions, n_steps, save_directions));
    layout.results.push_back(sample_results(loss));
  }
  return layout;
}

/// What is found out about the rows of sample_block().
inline std::vector<RowValues> sample_columns(std::int64_t n_rows) {
  const auto n = static_cast<std::size_t>(n_rows);
  return {{"total_variation", std::vector<double>(n, 0.5)},
          {"slope_changes", std::vector<std::int64_t>(n, 1)},
          {"shape_class", std::vector<std::uint8_t>(n, 1)}};
}

/// A folder of its own that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "landscape-io-XXXXXX").string();
    path_ = mkdtemp(name.data()) != nullptr ? name : "";
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::string path_;
};

}  // namespace landscape::test
