// Results go into places that exist since the file was made: values first, made durable, then the word that they are
// there.
#include <fmt/format.h>

#include "file_names.hpp"
#include "hdf5.hpp"
#include "landscape/io/landscape_file.hpp"
#include "metadata_seal.hpp"
#include "result_group.hpp"

namespace landscape {

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

void ResultWriter::write(const ResultGroup& results) {
  const h5::Group group = impl_->result_group(results.path);
  write_state(group.get(), kPending);
  write_results(impl_->file, results);
  h5::flush_to_disk(impl_->file, impl_->path);
  write_state(group.get(), kFinal);
}

void ResultWriter::write(const std::string& group, const std::string& name, const ResultValue& value) {
  impl_->result_group(group);
  write_result(impl_->file, group, name, value);
}

void ResultWriter::invalidate_all() {
  for (const std::string& group : find_result_groups(impl_->file))
    write_state(impl_->result_group(group).get(), kPending);
  h5::flush_to_disk(impl_->file, impl_->path);
}

void ResultWriter::set_state(RunState state) {
  h5::flush_to_disk(impl_->file, impl_->path);
  write_state(impl_->file.get(), to_string(state));
  h5::flush_to_disk(impl_->file, impl_->path);
}

void ResultWriter::close() { impl_->file.close(fmt::format("close '{}'", impl_->path)); }

}  // namespace landscape
