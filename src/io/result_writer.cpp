// Results go into places that exist since the file was made: values first, made durable, then the word that they are
// there.
#include <fmt/format.h>

#include "block_group.hpp"
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

void ResultWriter::write_rows(const std::string& block, const std::vector<RowValues>& columns) {
  for (const RowValues& column : columns) {
    std::visit([&](const auto& values) { impl_->write_column(block + "/" + column.name, values); }, column.values);
  }
}

void ResultWriter::write(const ResultGroup& results) {
  const h5::Group group = impl_->result_group(results.path);
  write_state(group.get(), kPending);
  write_results(impl_->file, results);
  h5::flush_to_disk(impl_->file, impl_->path);
  write_state(group.get(), kFinal);
}

void ResultWriter::add_seconds(const std::string& block, double seconds) {
  const h5::OpenDataset dataset = h5::open_dataset(impl_->file.get(), block + "/" + kSeconds, H5T_IEEE_F64LE, 1);
  double before = 0.0;
  h5::read_range(dataset, H5T_NATIVE_DOUBLE, 0, 1, &before);
  seconds += before > 0.0 ? before : 0.0;
  h5::write_range(dataset, H5T_NATIVE_DOUBLE, 0, 1, &seconds);
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
