// The safetensors container: 8 bytes header length (little endian), a JSON object {name: {dtype, shape, data_offsets}}
// with string pairs under __metadata__, then the tensors' bytes. Data and nothing else: no code runs on loading.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace landscape {

struct SafeTensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;  // row-major, F32 widened
};

struct SafeTensors {
  std::map<std::string, SafeTensor> tensors;
  std::map<std::string, std::string> metadata;
};

bool looks_like_safetensors(const std::string& path);
/// Throws Error that names the file and, where there is one, the tensor.
SafeTensors read_safetensors(const std::string& path);

}  // namespace landscape
