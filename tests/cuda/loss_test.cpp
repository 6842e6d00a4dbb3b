// Every kernel family against the long-double reference, which shares no code with the program: all shapes at the edges
// of tiles, warps and blocks.
#include "cases.hpp"
#include "dispatch.hpp"

namespace landscape::test {
namespace {

using cuda::KernelFamily;

/// Compares both losses at theta + s d with the reference, with every family that can evaluate the network.
void expect_losses(const NetworkSpec& spec, std::size_t n_points, const std::vector<KernelFamily>& families = {},
                   const Problem& problem = Problem{"sine"}) {
  const std::size_t n = ParameterLayout(spec).size();
  const double scale = natural_scale(spec);
  const auto theta = random_vector(n, scale, 1), direction = random_vector(n, 0.5 * scale, 2);
  const std::vector<double> steps{-0.75, 0.5};
  const PointSet points = points_of(problem, spec.dimension, n_points);
  const auto backend = make_cuda_backend(spec, problem, points, 0);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    if (!has_loss(problem, loss)) continue;
    std::vector<long double> want;
    for (const double s : steps) {
      std::vector<double> moved(theta);
      for (std::size_t i = 0; i < n; ++i) moved[i] = std::fma(s, direction[i], theta[i]);
      want.push_back(reference_loss(spec, problem, loss, points, moved));
    }
    const cuda::Evaluation what{spec.kind, spec.shape(), spec.activation, loss};
    for (const KernelFamily family : families.empty() ? cuda::applicable_families(what) : families) {
      const ScopedVariable forced(kKernelVariable, cuda::to_string(family));
      const auto got = profile(*backend, spec, loss, theta, direction, steps);
      for (std::size_t j = 0; j < steps.size(); ++j) {
        // A few hundred roundings of terms that cancel mildly; the profiles' own bound is 1e-12 max |f|.
        EXPECT_TRUE(std::abs(got[j] - want[j]) <= 2e-13L * std::abs(want[j]) + 1e-16L)
            << full_name(problem) << ", " << spec.describe() << ", " << n_points << " points, " << to_string(loss)
            << ", " << cuda::to_string(family) << ": " << got[j] << " not " << static_cast<double>(want[j]);
      }
    }
  }
}

NetworkSpec resnet(int d, int w, int nb = 1, Activation activation = Activation::swish) {
  return {NetworkKind::resnet, activation, d, w, nb};
}
NetworkSpec fcnet(int d, int w, int nb = 1, Activation activation = Activation::swish) {
  return {NetworkKind::fcnet, activation, d, w, nb};
}

NetworkSpec mlp(int d, std::vector<int> layers, Activation activation = Activation::swish) {
  return {NetworkKind::mlp, activation, d, 0, 0, std::move(layers)};
}

CUDA_TEST(LossesMatchTheReferenceAtEveryWidth) {
  LANDSCAPE_NEEDS_GPU();
  for (int w = 1; w <= 66; ++w) expect_losses(resnet(1 + w % 4, w), static_cast<std::size_t>(31 + w % 3));
  for (const int d : {1, 3}) {
    for (const int w : {2, 4, 6}) expect_losses(resnet(d, w), 33);
  }
}

CUDA_TEST(LossesMatchTheReferenceInEveryDimension) {
  LANDSCAPE_NEEDS_GPU();
  for (const int d : {1, 2, 3, 4, 5, 8, 9, 10}) {
    for (const int w : {4, 8, 13, 32}) expect_losses(fcnet(d, w), 31);
  }
}

CUDA_TEST(LossesMatchTheReferenceForEveryDepth) {
  LANDSCAPE_NEEDS_GPU();
  for (const int nb : {2, 3}) {
    for (const int d : {1, 3, 10}) {
      for (const int w : {4, 5, 20}) {
        expect_losses(resnet(d, w, nb), 33);
        if (w == 5) expect_losses(fcnet(d, w, nb), 33);
      }
    }
  }
}

CUDA_TEST(LossesMatchTheReferenceForEveryActivation) {
  LANDSCAPE_NEEDS_GPU();
  for (const Activation activation : {Activation::tanh, Activation::sin, Activation::softplus}) {
    expect_losses(resnet(1, 4, 1, activation), 33);
    expect_losses(fcnet(2, 4, 1, activation), 33);
    expect_losses(resnet(3, 9, 2, activation), 33);
    expect_losses(resnet(10, 33, 1, activation), 31);
  }
}

CUDA_TEST(LossesMatchTheReferenceForEveryNumberOfPoints) {
  LANDSCAPE_NEEDS_GPU();
  for (const std::size_t n : {1, 31, 32, 33}) {
    expect_losses(resnet(1, 4), n);
    expect_losses(resnet(2, 9), n);
  }
  for (const std::size_t n : {511, 513, 1100}) {  // one chunk, two, three
    expect_losses(resnet(1, 4), n, {KernelFamily::narrow, KernelFamily::generic});
    expect_losses(resnet(2, 9), n, {KernelFamily::tile, KernelFamily::deep});
  }
  expect_losses(resnet(1, 5), 513, {KernelFamily::gemm});
}

CUDA_TEST(LossesMatchTheReferenceForWideNetworks) {
  LANDSCAPE_NEEDS_GPU();
  expect_losses(resnet(2, 64), 33);
  expect_losses(resnet(10, 64, 2), 9, {KernelFamily::deep, KernelFamily::gemm});
  expect_losses(resnet(3, 100), 9,
                {KernelFamily::wide, KernelFamily::deep, KernelFamily::gemm});  // two groups of tiles
  expect_losses(fcnet(1, 130), 9, {KernelFamily::wide, KernelFamily::deep, KernelFamily::gemm, KernelFamily::generic});
  expect_losses(resnet(20, 150), 5, {KernelFamily::gemm, KernelFamily::generic});
}

CUDA_TEST(LossesMatchTheReferenceWhereTheMatrixIsStreamed) {
  LANDSCAPE_NEEDS_GPU();
  for (int w = 65; w <= 130; w += 5) expect_losses(resnet(1 + w % 4, w), 33, {KernelFamily::wide});
  for (const int w : {72, 96, 112, 128}) expect_losses(fcnet(3, w), 31, {KernelFamily::wide});  // nothing is padding
  for (const Activation activation : {Activation::tanh, Activation::sin, Activation::softplus}) {
    expect_losses(resnet(2, 70, 1, activation), 33, {KernelFamily::wide});
  }
  for (const std::size_t n : {1, 200, 513})
    expect_losses(resnet(2, 66), n, {KernelFamily::wide});  // warps without points
  expect_losses(resnet(20, 256), 9, {KernelFamily::wide});
  expect_losses(resnet(5, 90), 9, {KernelFamily::wide}, Problem("reaction", Boundary{50.0}));
}

CUDA_TEST(LossesMatchTheReferenceForEveryEquation) {
  LANDSCAPE_NEEDS_GPU();
  const Boundary penalty{50.0};
  for (const Problem& problem :
       {Problem("diffusion"), Problem("reaction"), Problem("sine", penalty), Problem("diffusion", penalty),
        Problem("reaction", penalty), Problem("helmholtz", {}, {.frequency = 2.0, .wavenumber = 10.0}),
        Problem("convection"), Problem("convection", penalty)}) {
    for (const int w : {4, 9}) {
      for (const int d : {1, 3}) expect_losses(resnet(d, w), 33, {}, problem);
    }
    expect_losses(resnet(3, 20, 2), 33, {}, problem);
    expect_losses(resnet(10, 40), 9, {KernelFamily::deep, KernelFamily::gemm}, problem);
  }
}

CUDA_TEST(NanInAHiddenLayerStaysNan) {
  LANDSCAPE_NEEDS_GPU();
  for (const Activation activation : {Activation::swish, Activation::tanh, Activation::sin, Activation::softplus}) {
    for (const NetworkSpec& spec : {resnet(1, 4, 1, activation), fcnet(2, 9, 1, activation),
                                    resnet(3, 9, 2, activation), resnet(2, 70, 1, activation)}) {
      const ParameterLayout layout(spec);
      std::vector<double> theta = random_vector(layout.size(), natural_scale(spec), 1);
      const auto hidden = std::find_if(layout.tensors().begin() + 1, layout.tensors().end(),
                                       [](const TensorInfo& tensor) { return !tensor.is_bias; });
      theta[hidden->offset] = std::nan("");
      const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(spec.dimension, 33), 0);
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        for (const KernelFamily family : cuda::applicable_families({spec.kind, spec.shape(), activation, loss})) {
          const ScopedVariable forced(kKernelVariable, cuda::to_string(family));
          const std::vector<double> direction(theta.size(), 0.0);
          EXPECT_TRUE(std::isnan(profile(*backend, spec, loss, theta, direction, {0.0})[0]))
              << spec.describe() << ", " << to_string(loss) << ", " << cuda::to_string(family);
        }
      }
    }
  }
}

CUDA_TEST(LossesMatchTheReferenceForMlps) {
  LANDSCAPE_NEEDS_GPU();
  expect_losses(mlp(1, {4, 4}), 33);
  expect_losses(mlp(1, {16, 16}, Activation::tanh), 33);
  expect_losses(mlp(3, {8, 8, 8, 8}), 31);
  expect_losses(mlp(2, {12, 5}), 33);
  expect_losses(mlp(10, {6, 20, 9, 3}, Activation::sin), 33);
  for (const std::vector<int>& layers : {std::vector<int>{7}, {9, 9, 9}, {3, 8, 5, 2, 7}}) {
    for (const int d : {1, 3}) expect_losses(mlp(d, layers, Activation::softplus), 33);
  }
}

CUDA_TEST(AnOddNumberOfHiddenLayersIsLeftToTheGenericKernels) {
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const NetworkSpec odd = mlp(2, {6, 6, 6}), even = mlp(2, {6, 6});
    const cuda::Evaluation of_odd{odd.kind, odd.shape(), odd.activation, loss},
        of_even{even.kind, even.shape(), even.activation, loss};
    EXPECT_EQ(cuda::applicable_families(of_odd), std::vector<KernelFamily>{KernelFamily::generic});
    EXPECT_NE(cuda::choose_family(of_even), KernelFamily::generic);
  }
}

CUDA_TEST(LossesMatchTheReferenceForLinearNetworks) {
  LANDSCAPE_NEEDS_GPU();
  for (const int d : {1, 3, 10}) expect_losses({NetworkKind::linear, Activation::swish, d, 0, 0}, 33);
}

}  // namespace
}  // namespace landscape::test
