// What a backend need not have.
#include "landscape/backend/loss_backend.hpp"

#include "landscape/model/error.hpp"

namespace landscape {

void LossBackend::hessian_products(LossKind, std::span<const double>, std::span<const double>, std::span<double>) {
  throw Error("This device has no products with the Hessian: use --device cpu.");
}

}  // namespace landscape
