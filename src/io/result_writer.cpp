// Results go into places that exist since the file was made: values first, made durable, then the word that they are
// there.
#include <fmt/format.h>

#include "file_names.hpp"
#include "hdf5.hpp"
#include "landscape/io/landscape_file.hpp"
#include "metadata_seal.hpp"

namespace landscape {

namespace {

/// Paths of the groups that have a state, at or below `path`.
void find_result_groups(const h5::File& file, const std::string& path, std::vector<std::string>& found) {
  const h5::Group group = h5::open_group(file.get(), path);
  if (h5::has_attribute(group.get(), "state")) found.push_back(path);
  for (const std::string& name : h5::group_names(group.get())) find_result_groups(file, path + "/" + name, found);
}

}  // namespace

struct ResultWriter::Impl {
  std::string path;
  h5::File file;

  h5::Group result_group(const std::string& group) const {
    if (!h5::has_link(file.get(), group))
      throw Error(fmt::format("The file '{}' has no group /{} for results.", path, group));
    return h5::open_group(file.get(), group);
  }
  template <class T>
  void write_column(const std::string& name, const std::vector<T>& values) const {
    const h5::OpenDataset dataset = h5::open_dataset(file.get(), name, h5::file_type<T>(), 1);
    if (dataset.shape[0] != values.size()) {
      throw Error(fmt::format("The file '{}' has room for {} values of {}, not for {}.", path, dataset.shape[0],
                              dataset.path, values.size()));
    }
    h5::write_range(dataset, h5::native_type<T>(), 0, values.size(), values.data());
  }
};

ResultWriter::ResultWriter(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  require_seal(path);
  impl_->file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
}
ResultWriter::ResultWriter(ResultWriter&&) noexcept = default;
ResultWriter& ResultWriter::operator=(ResultWriter&&) noexcept = default;
ResultWriter::~ResultWriter() = default;

void ResultWriter::write(LossKind loss, const DirectionResults& results) {
  const std::string group = profile_group_name(loss) + "/";
  impl_->write_column(group + "total_variation", results.total_variation);
  impl_->write_column(group + "slope_changes", results.slope_changes);
  impl_->write_column(group + "shape_class", results.shape_class);
  impl_->write_column(group + "tilt", results.tilt);
  impl_->write_column(group + "end_asymmetry", results.end_asymmetry);
  impl_->write_column(group + "minimum_offset", results.minimum_offset);
  impl_->write_column(group + "curvature", results.curvature);
}

void ResultWriter::write_noise(LossKind loss, const std::vector<double>& noise) {
  impl_->write_column(profile_group_name(loss) + "/noise", noise);
}

void ResultWriter::write(const std::string& group, const AttributeList& attributes,
                         const std::vector<ResultTable>& tables) {
  const h5::Group open = impl_->result_group(group);
  for (const ResultTable& table : tables) {
    const auto write_values = [&]<class T>(const std::vector<T>& values) {
      const auto dataset = h5::open_dataset(open.get(), table.name, h5::file_type<T>(), table.shape.size());
      h5::write_whole<T>(dataset.dataset, group + "/" + table.name, values);
    };
    std::visit(write_values, table.values);
  }
  write_attributes(group, attributes);
  h5::flush_to_disk(impl_->file, impl_->path);
  h5::overwrite_attribute(open.get(), {"state", kFinal});
}

void ResultWriter::write_attributes(const std::string& group, const AttributeList& attributes) {
  const h5::Group open = impl_->result_group(group);
  for (const Attribute& attribute : attributes) h5::overwrite_attribute(open.get(), attribute);
}

void ResultWriter::invalidate_all() {
  std::vector<std::string> groups;
  for (const char* parent : {"roughness", "sweep"}) {
    if (h5::has_link(impl_->file.get(), parent)) find_result_groups(impl_->file, parent, groups);
  }
  for (const std::string& group : groups)
    h5::overwrite_attribute(impl_->result_group(group).get(), {"state", kPending});
  h5::flush_to_disk(impl_->file, impl_->path);
}

void ResultWriter::set_state(RunState state) {
  h5::flush_to_disk(impl_->file, impl_->path);
  h5::overwrite_attribute(impl_->file.get(), {"state", to_string(state)});
  h5::flush_to_disk(impl_->file, impl_->path);
}

void ResultWriter::close() { impl_->file.close(fmt::format("close '{}'", impl_->path)); }

}  // namespace landscape
