// Two analyses of a few lines, as commands of a program of their own beside all the others: what an analysis has to
// say, and nothing else. The job does the rest; test_analyses.py runs, kills, resumes, changes and verifies them.
//
//   line            the losses along one direction, from the minimizer of each
//   gradient-norm   |grad L| at theta* + d_k, a row per direction
#include <fmt/format.h>

#include <cmath>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/app/program.hpp"
#include "landscape/job/job.hpp"

namespace landscape {
namespace {

/// A result group of one number.
class OneNumber : public Findings {
 public:
  OneNumber(const std::string& path, double value) : value_(value), group_{group(path)} {
    group_.results.front().value = value;
  }
  static ResultGroup group(const std::string& path) {
    return {path, "", {{"value", "a number", "1", "()", {}, 0, NAN}}};
  }
  std::vector<ResultGroup> groups() const override { return {group_}; }
  std::string text() const override { return fmt::format("{} {}\n", group_.path, value_); }

 private:
  double value_;
  ResultGroup group_;
};

double largest(const Rows& rows, const std::string& block) {
  double most = 0.0;
  for (const double x : rows.rows(block, 0, rows.n_rows(block))) most = std::max(most, std::abs(x));
  return most;
}

class Line : public Analysis {
 public:
  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    for (const LossKind loss : config.losses) {
      all.push_back(profile_work(config, loss, config.grid.steps()));
      all.back().block.group = "line/" + to_string(loss);
      all.back().block.rows = 1;
    }
    return all;
  }
  std::vector<ResultGroup> results(const RunConfig&) const override { return {OneNumber::group("roughness/line")}; }
  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<OneNumber>("roughness/line", largest(rows, work(config).front().block.group));
  }
  std::string header(const RunConfig&) const override { return "Line        one direction\n"; }
};

class GradientNorm : public Analysis {
 public:
  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all{profile_work(config, config.losses.front(), {1.0})};
    all.front().block.group = "gradients";
    all.front().block.values = "norm";
    return all;
  }
  void evaluate(LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items,
                std::span<double> values) const override {
    std::vector<double> theta(lines.parameter_count()), gradient(theta.size());
    for (std::int64_t k = 0; k < items.count; ++k) {
      lines.direction(items.first + k, theta);
      const auto start = lines.start(items.first + k);
      for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += start[i];
      backend.loss_and_gradient(work.loss, theta, gradient);
      double square = 0.0;
      for (const double g : gradient) square += g * g;
      values[static_cast<std::size_t>(k)] = std::sqrt(square);
    }
  }
  std::vector<ResultGroup> results(const RunConfig&) const override { return {OneNumber::group("roughness/norm")}; }
  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig&) const override {
    return std::make_unique<OneNumber>("roughness/norm", largest(rows, "gradients"));
  }
  std::string header(const RunConfig&) const override { return "Gradients   at the ends of directions\n"; }
};

}  // namespace
}  // namespace landscape

int main(int argc, char** argv) {
  using namespace landscape;
  static const Line line;
  static const GradientNorm gradient_norm;
  std::vector<Command> commands(command_table().begin(), command_table().end());
  commands.push_back({"line", "[options]", "losses along one direction", "line", &line, run_analysis});
  commands.push_back(
      {"gradient-norm", "[options]", "gradients per direction", "gradient-norm", &gradient_norm, run_analysis});
  return run_program(commands, argc, argv);
}
