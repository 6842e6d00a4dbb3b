// So many losses or gradients of one network by the CPU backend on one thread, for a tool that counts instructions: what
// a run with more of them takes longer is theirs alone.
//   kernel_work DIMENSION WIDTH BLOCKS ritz|galerkin loss|gradient|product N
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/random/philox.hpp"

int main(int argc, char** argv) {
  using namespace landscape;
  if (argc != 7) return 2;
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, std::atoi(argv[1]), std::atoi(argv[2]),
                         std::atoi(argv[3])};
  const LossKind loss = std::string(argv[4]) == "ritz" ? LossKind::ritz : LossKind::galerkin;
  const std::string what = argv[5];
  const std::int64_t n = std::atoll(argv[6]);
  std::vector<double> theta(ParameterLayout(spec).size()), out(theta.size());
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = 0.3 * philox_normal_pair(1, 0, i).first;
  const PointSet points = make_points({QuadratureKind::monte_carlo, 512}, Domain::cube, spec.dimension, 1, 0);
  const auto backend = make_cpu_backend(spec, Problem("sine"), points, 1);
  double sum = 0.0;
  if (what == "loss") {
    const LineSet lines(DirectionSet(spec, theta, 1, DirectionNorm::filter, BiasMode::zero));
    const std::vector<double> step{0.1};
    std::vector<double> losses(static_cast<std::size_t>(n));
    backend->evaluate({loss, &lines, step, 0, n}, losses);
    for (const double value : losses) sum += value;
  } else {
    for (std::int64_t k = 0; k < n; ++k) {
      theta[0] += 1e-3;
      if (what == "gradient")
        sum += backend->loss_and_gradient(loss, theta, out);
      else
        backend->hessian_products(loss, theta, theta, out);
      sum += out[0];
    }
  }
  std::printf("%.17g\n", sum);
}
