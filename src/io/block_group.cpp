// The groups are gone through by their hard links, to a depth that a damaged file's circles cannot exceed.
#include "block_group.hpp"

namespace landscape {
namespace {

constexpr int kDeepest = 4;

void find_blocks(hid_t parent, const std::string& path, int depth, h5::Unreadable in_it,
                 std::vector<std::string>& found) {
  for (const std::string& name : h5::group_names(parent, in_it)) {
    const h5::Group group = h5::open_group(parent, name);
    const std::string below = path.empty() ? name : path + "/" + name;
    // Either of the two: what a copy left out is then missed, not passed over.
    const bool is_block = h5::has_attribute(group.get(), kValuesName) || h5::has_link(group.get(), kMask);
    if (is_block) found.push_back(below);
    // A damaged column does not hide its block: it is complained of by whoever reads it.
    const auto in_group = is_block ? h5::Unreadable::passed_over : h5::Unreadable::refused;
    if (depth < kDeepest) find_blocks(group.get(), below, depth + 1, in_group, found);
  }
}

}  // namespace

std::vector<std::string> block_groups(const h5::File& file) {
  std::vector<std::string> found;
  find_blocks(file.get(), "", 1, h5::Unreadable::refused, found);
  return found;
}

}  // namespace landscape
