// The groups are gone through by their hard links, to a depth that a damaged file's circles cannot exceed.
#include "block_group.hpp"

namespace landscape {
namespace {

constexpr int kDeepest = 4;

void find_blocks(hid_t parent, const std::string& path, int depth, std::vector<std::string>& found) {
  for (const std::string& name : h5::group_names(parent)) {
    const h5::Group group = h5::open_group(parent, name);
    const std::string below = path.empty() ? name : path + "/" + name;
    // Either of the two: what a copy left out is then missed, not passed over.
    if (h5::has_attribute(group.get(), kValuesName) || h5::has_link(group.get(), kMask)) found.push_back(below);
    if (depth < kDeepest) find_blocks(group.get(), below, depth + 1, found);
  }
}

}  // namespace

std::vector<std::string> block_groups(const h5::File& file) {
  std::vector<std::string> found;
  find_blocks(file.get(), "", 1, found);
  return found;
}

}  // namespace landscape
