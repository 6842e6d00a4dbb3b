#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace reference {
namespace {

const Real kPi = 3.14159265358979323846264338327950288L;

/// Value, gradient and Laplacian of one scalar function of x.
struct Channel {
  Real value;
  std::vector<Real> gradient;
  Real laplacian;
};

Channel constant(int d, Real value) { return {value, std::vector<Real>(static_cast<std::size_t>(d), 0.0L), 0.0L}; }

void add_scaled(Channel& to, Real factor, const Channel& from) {
  to.value += factor * from.value;
  for (std::size_t i = 0; i < to.gradient.size(); ++i) to.gradient[i] += factor * from.gradient[i];
  to.laplacian += factor * from.laplacian;
}

Channel activate(const std::string& name, const Channel& z) {
  Real f, f1, f2;
  const Real v = z.value;
  const Real sigma = 1.0L / (1.0L + std::exp(-v));
  if (name == "swish") {
    f = v * sigma;
    f1 = sigma + v * sigma * (1.0L - sigma);
    f2 = sigma * (1.0L - sigma) * (2.0L + v * (1.0L - 2.0L * sigma));
  } else if (name == "tanh") {
    f = std::tanh(v);
    f1 = 1.0L / (std::cosh(v) * std::cosh(v));
    f2 = -2.0L * f * f1;
  } else if (name == "sin") {
    f = std::sin(v);
    f1 = std::cos(v);
    f2 = -std::sin(v);
  } else if (name == "softplus") {
    f = std::max(v, 0.0L) + std::log1p(std::exp(-std::abs(v)));
    f1 = sigma;
    f2 = std::exp(-std::abs(v)) / ((1.0L + std::exp(-std::abs(v))) * (1.0L + std::exp(-std::abs(v))));
  } else {
    throw std::invalid_argument(name);
  }
  Channel out = z;
  Real square = 0.0L;
  for (const Real g : z.gradient) square += g * g;
  out.value = f;
  for (Real& g : out.gradient) g *= f1;
  out.laplacian = f1 * z.laplacian + f2 * square;
  return out;
}

/// Reads tensors off theta one after the other.
class Reader {
 public:
  explicit Reader(const std::vector<double>& theta) : theta_(theta) {}
  std::vector<Channel> layer(const std::vector<Channel>& in, int n_out) {
    const int d = static_cast<int>(in.front().gradient.size());
    std::vector<Channel> out;
    for (int i = 0; i < n_out; ++i) {
      Channel sum = constant(d, 0.0L);
      for (const Channel& channel : in) add_scaled(sum, next(), channel);
      out.push_back(sum);
    }
    for (Channel& channel : out) channel.value += next();
    return out;
  }
  void check_end() const {
    if (at_ != theta_.size()) throw std::invalid_argument("theta has another length");
  }

 private:
  Real next() { return theta_.at(at_++); }
  const std::vector<double>& theta_;
  std::size_t at_ = 0;
};

Channel network_channel(const Network& net, const std::vector<double>& x) {
  const auto d = static_cast<std::size_t>(net.dimension);
  std::vector<Channel> h;
  for (std::size_t j = 0; j < d; ++j) {
    h.push_back(constant(net.dimension, x[j]));
    h.back().gradient[j] = 1.0L;
  }
  Reader reader(net.theta);
  if (net.kind == "mlp") {
    for (const int width : net.layers) {
      h = reader.layer(h, width);
      for (Channel& channel : h) channel = activate(net.activation, channel);
    }
  } else if (net.kind != "linear") {
    h = reader.layer(h, net.width);
    for (int block = 0; block < net.blocks; ++block) {
      std::vector<Channel> y = h;
      for (int half = 0; half < 2; ++half) {
        y = reader.layer(y, net.width);
        for (Channel& channel : y) channel = activate(net.activation, channel);
      }
      if (net.kind == "resnet") {
        for (std::size_t i = 0; i < h.size(); ++i) add_scaled(h[i], 1.0L, y[i]);
      } else {
        h = y;
      }
    }
  }
  const Channel out = reader.layer(h, 1).front();
  reader.check_end();
  return out;
}

}  // namespace

Jet evaluate(const Network& network, const std::vector<double>& x) {
  const std::size_t d = x.size();
  const Channel n = network_channel(network, x);
  const auto product_without = [&](std::size_t skip) {
    Real product = 1.0L;
    for (std::size_t j = 0; j < d; ++j) {
      if (j != skip) product *= Real(x[j]) * (1.0L - Real(x[j]));
    }
    return product;
  };
  const Real b = product_without(d);
  Jet jet{b * n.value, {}, 0.0L, std::abs(b * n.value), 0.0L, 0.0L};
  const auto add_to_laplacian = [&](Real term) {
    jet.laplacian += term;
    jet.largest_laplacian = std::max(jet.largest_laplacian, std::abs(term));
  };
  for (std::size_t j = 0; j < d; ++j) {
    const Real slope = product_without(j) * (1.0L - 2.0L * Real(x[j]));
    jet.gradient.push_back(b * n.gradient[j] + n.value * slope);
    jet.largest_gradient = std::max({jet.largest_gradient, std::abs(b * n.gradient[j]), std::abs(n.value * slope)});
    add_to_laplacian(2.0L * slope * n.gradient[j]);
    add_to_laplacian(-2.0L * product_without(j) * n.value);
  }
  add_to_laplacian(b * n.laplacian);
  return jet;
}

Jet evaluate_without_factor(const Network& network, const std::vector<double>& x) {
  const Channel n = network_channel(network, x);
  Real largest = 0.0L;
  for (const Real g : n.gradient) largest = std::max(largest, std::abs(g));
  return {n.value, n.gradient, n.laplacian, std::abs(n.value), largest, std::abs(n.laplacian)};
}

Jet evaluate_in_ball(const Network& network, const std::vector<double>& x) {
  const Channel n = network_channel(network, x);
  Real b = 1.0L, cross = 0.0L;
  for (std::size_t j = 0; j < x.size(); ++j) {
    b -= Real(x[j]) * Real(x[j]);
    cross += Real(x[j]) * n.gradient[j];
  }
  const Real curvature = 2.0L * static_cast<Real>(x.size()) * n.value;
  Jet jet{b * n.value, {}, b * n.laplacian - 4.0L * cross - curvature, std::abs(b * n.value), 0.0L, 0.0L};
  for (std::size_t j = 0; j < x.size(); ++j) {
    const Real first = b * n.gradient[j], second = -2.0L * Real(x[j]) * n.value;
    jet.gradient.push_back(first + second);
    jet.largest_gradient = std::max({jet.largest_gradient, std::abs(first), std::abs(second)});
  }
  jet.largest_laplacian = std::max({std::abs(b * n.laplacian), std::abs(4.0L * cross), std::abs(curvature)});
  return jet;
}

Problem::Problem(const std::string& text) {
  std::istringstream words(text);
  std::getline(words, name, ',');
  for (std::string word; std::getline(words, word, ',');) {
    const auto key = word.find_first_not_of(' '), equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string what = word.substr(key, equals - key);
    Real* const to = what == "frequency"     ? &frequency
                     : what == "wavenumber"  ? &wavenumber
                     : what == "diffusivity" ? &diffusivity
                                             : nullptr;
    if (to == nullptr) throw std::invalid_argument(text);
    *to = std::stod(word.substr(equals + 1));  // the double that the program has
  }
}

namespace {

Real sum_of_sines(const std::vector<double>& x) {
  Real sum = 0.0L;
  for (const double xi : x) sum += std::sin(kPi * Real(xi));
  return sum;
}

/// phi of -e phi'' + phi' = 1 with phi(0) = phi(1) = 0, or its slope.
Real layer(Real e, Real x, bool slope) {
  const Real height = -std::expm1(-1.0L / e);
  if (slope) return 1.0L - std::exp((x - 1.0L) / e) / (e * height);
  return x + std::exp((x - 1.0L) / e) * std::expm1(-x / e) / height;
}

}  // namespace

Real solution(const Problem& problem, const std::vector<double>& x, int axis) {
  if (problem.name == "cubic") {
    const Real t = x[0];
    return axis < 0 ? 2.0L * t * t * t - t * t - t : 6.0L * t * t - 2.0L * t - 1.0L;
  }
  if (problem.name == "sine-sum")
    return axis < 0 ? sum_of_sines(x) : kPi * std::cos(kPi * Real(x[static_cast<std::size_t>(axis)]));
  if (problem.name == "ball") throw std::invalid_argument("ball");
  const Real k_pi = problem.frequency * kPi;
  Real product = 1.0L;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const bool is_slope = static_cast<int>(j) == axis;
    if (problem.name == "convection") {
      product *= layer(problem.diffusivity, x[j], is_slope);
    } else {
      product *= is_slope ? k_pi * std::cos(k_pi * Real(x[j])) : std::sin(k_pi * Real(x[j]));
    }
  }
  return product;
}

Norms norms(const Problem& problem, int dimension) {
  const Real n = static_cast<Real>(dimension), k_pi = problem.frequency * kPi;
  if (problem.name == "cubic") return {29.0L / 210.0L, 23.0L / 15.0L};
  if (problem.name == "sine-sum") return {0.5L * n + 4.0L * n * (n - 1.0L) / (kPi * kPi), 0.5L * n * kPi * kPi};
  if (problem.name == "convection") {
    // By Simpson's rule in t with x = 1 - (1 - t)^4, which is dense in the layer.
    constexpr int kIntervals = 20000;
    Real square = 0.0L, slope = 0.0L;
    for (int i = 0; i <= kIntervals; ++i) {
      const Real t = static_cast<Real>(i) / kIntervals, rest = 1.0L - t, x = 1.0L - rest * rest * rest * rest;
      const Real weight = (i == 0 || i == kIntervals ? 1.0L : i % 2 == 1 ? 4.0L : 2.0L) / (3.0L * kIntervals);
      const Real u = layer(problem.diffusivity, x, false), v = layer(problem.diffusivity, x, true);
      square += weight * 4.0L * rest * rest * rest * u * u;
      slope += weight * 4.0L * rest * rest * rest * v * v;
    }
    return {std::pow(square, n), n * slope * std::pow(square, n - 1.0L)};
  }
  return {std::pow(0.5L, n), n * k_pi * k_pi * std::pow(0.5L, n)};
}

Real source(const Problem& problem, const std::vector<double>& x) {
  const std::string& name = problem.name;
  if (name == "cubic") return -(12.0L * Real(x[0]) - 2.0L);
  if (name == "ball") {  // u* = cos(pi r / 2): u*'' + (d - 1) u*' / r
    Real square = 0.0L;
    for (const double xi : x) square += Real(xi) * Real(xi);
    const Real r = std::sqrt(square), half_pi = 0.5L * kPi, rest = static_cast<Real>(x.size()) - 1.0L;
    if (r == 0.0L) return half_pi * half_pi * (1.0L + rest);
    return half_pi * half_pi * std::cos(half_pi * r) + rest * half_pi * std::sin(half_pi * r) / r;
  }
  if (name == "sine-sum") return kPi * kPi * sum_of_sines(x);
  if (name == "convection") {
    Real sum = 0.0L;
    for (std::size_t i = 0; i < x.size(); ++i) {
      Real others = 1.0L;
      for (std::size_t j = 0; j < x.size(); ++j) others *= j == i ? 1.0L : layer(problem.diffusivity, x[j], false);
      sum += others;
    }
    return sum;
  }
  const Real k_pi = problem.frequency * kPi, eigenvalue = static_cast<Real>(x.size()) * k_pi * k_pi;
  const Real u = solution(problem, x);
  if (name == "diffusion") return (1.0L + Real(x[0])) * eigenvalue * u - solution(problem, x, 0) + 2.0L * u;
  if (name == "reaction") return eigenvalue * u + u * u * u;
  if (name == "helmholtz") return (eigenvalue - problem.wavenumber * problem.wavenumber) * u;
  if (name != "sine") throw std::invalid_argument(name);
  return eigenvalue * u;
}

Real loss(const Network& network, const Problem& problem, const std::string& loss_name,
          const std::vector<double>& points, const std::vector<double>& weights, const Penalty& penalty) {
  const auto d = static_cast<std::size_t>(network.dimension);
  Real sum = 0.0L;
  for (std::size_t q = 0; q < weights.size(); ++q) {
    const std::vector<double> x(points.begin() + static_cast<std::ptrdiff_t>(q * d),
                                points.begin() + static_cast<std::ptrdiff_t>((q + 1) * d));
    const Jet jet = penalty.beta > 0.0       ? evaluate_without_factor(network, x)
                    : problem.name == "ball" ? evaluate_in_ball(network, x)
                                             : evaluate(network, x);
    if (q + penalty.n_boundary >= weights.size()) {
      const Real g = problem.name == "sine-sum" ? sum_of_sines(x) : 0.0L;
      const Real square = (jet.u - g) * (jet.u - g) - (loss_name == "ritz" ? g * g : 0.0L);
      sum += Real(weights[q]) * Real(penalty.beta) * square;
      continue;
    }
    const Real f = source(problem, x), u = jet.u;
    const bool is_diffusion = problem.name == "diffusion";    // -div((1 + x_1) grad u) + 2 u = f
    const bool is_convection = problem.name == "convection";  // -e laplace u + sum_i du/dx_i = f
    const Real a = is_diffusion ? 1.0L + Real(x[0]) : is_convection ? problem.diffusivity : 1.0L;
    const Real c = is_diffusion ? 2.0L : problem.name == "helmholtz" ? -problem.wavenumber * problem.wavenumber : 0.0L;
    const Real s = problem.name == "reaction" ? 1.0L : 0.0L;  // - laplace u + u^3 = f
    Real slope = is_diffusion ? jet.gradient[0] : 0.0L;
    for (const Real g : jet.gradient) slope -= is_convection ? g : 0.0L;
    if (is_convection && loss_name == "ritz") throw std::invalid_argument("convection has no energy");
    if (loss_name == "galerkin") {
      const Real r = a * jet.laplacian + slope - c * u - s * u * u * u + f;
      sum += Real(weights[q]) * r * r;
    } else {
      Real energy = 0.0L;
      for (const Real g : jet.gradient) energy += a * g * g;
      sum += Real(weights[q]) * (0.5L * energy + 0.5L * c * u * u + 0.25L * s * u * u * u * u - f * u);
    }
  }
  return sum;
}

}  // namespace reference
