// Files, groups and links: handles close themselves, and HDF5's own error stack becomes one sentence.
#include "hdf5.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace landscape::h5 {
namespace {

constexpr hsize_t kAlignment = 4096;  // raw data shares no page with metadata

extern "C" herr_t landscape_h5_note(unsigned depth, const H5E_error2_t* error, void* text) {
  auto* clause = static_cast<std::string*>(text);
  if (depth == 0 && error->desc != nullptr) *clause = error->desc;
  return 0;
}

/// In the file, "/" at its root.
std::string path_of(hid_t object) {
  std::string path(256, '\0');
  const ssize_t length = H5Iget_name(object, path.data(), path.size());
  path.resize(length < 0 ? 0 : std::min<std::size_t>(static_cast<std::size_t>(length), path.size() - 1));
  return path.empty() ? "/" : path;
}

/// A hard link always does; one to a name, here or in another file, may not.
bool leads_somewhere(hid_t parent, const std::string& name) {
  H5L_info_t link = {};
  check(H5Lget_info(parent, name.c_str(), &link, H5P_DEFAULT), fmt::format("look for {}", name));
  if (link.type == H5L_TYPE_HARD) return true;
  const htri_t found = H5Oexists_by_name(parent, name.c_str(), H5P_DEFAULT);
  H5Eclear2(H5E_DEFAULT);
  return found > 0;
}

H5I_type_t type_of(hid_t parent, const std::string& name) {
  const hid_t object = check_id(H5Oopen(parent, name.c_str(), H5P_DEFAULT), fmt::format("open {}", name));
  const H5I_type_t type = H5Iget_type(object);
  H5Oclose(object);
  return type;
}

extern "C" herr_t landscape_h5_collect(hid_t, const char* name, const H5L_info_t* info, void* names) {
  if (info->type == H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

}  // namespace

void start() {
  static const bool started = [] {
    // Read by HDF5 when its file driver starts; the property below is overruled by it.
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    // Every handle is closed in its place. At exit HDF5 would crash over a file that it could not close on a failing
    // disk.
    H5dont_atexit();
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return true;
  }();
  (void)started;
}

std::string last_error() {
  std::string clause;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, landscape_h5_note, &clause);
  H5Eclear2(H5E_DEFAULT);
  if (clause.empty()) clause = "no reason given";
  for (char& c : clause) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  constexpr std::size_t kLongest = 200;
  if (clause.size() > kLongest) clause.resize(kLongest);
  return clause;
}

void check(herr_t status, std::string_view doing) {
  if (status < 0) throw Error(fmt::format("HDF5 cannot {} ({}).", doing, last_error()));
}

hid_t check_id(hid_t id, std::string_view doing) {
  if (id < 0) check(-1, doing);
  return id;
}

void log_failed_close() noexcept {
  try {
    fmt::print(stderr, "warning: HDF5 cannot close a handle ({}).\n", last_error());
  } catch (...) {  // a destructor is the wrong place for more
  }
}

PropertyList access_properties() {
  start();
  PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create file access properties");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "set the format's version");
  check(H5Pset_alignment(access.get(), kAlignment, kAlignment), "set the alignment");
  check(H5Pset_sieve_buf_size(access.get(), 0), "switch off the sieve buffer");
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_SEMI), "set the way of closing");
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERSION_GE(1, 12, 0) && !H5_VERSION_GE(1, 12, 1))
  check(H5Pset_file_locking(access.get(), false, true), "switch off file locks");
#endif
  return access;
}

File create_file(const std::string& path, hsize_t user_block) {
  const PropertyList access = access_properties();
  const PropertyList creation(H5Pcreate(H5P_FILE_CREATE), "create file creation properties");
  check(H5Pset_userblock(creation.get(), user_block), "set the size of the user block");
  check(H5Pset_obj_track_times(creation.get(), false), "switch off times");
  return File(H5Fcreate(path.c_str(), H5F_ACC_EXCL, creation.get(), access.get()), fmt::format("create '{}'", path));
}

File open_file(const std::string& path, unsigned flags, const PropertyList& access) {
  if ((flags & H5F_ACC_RDWR) == 0) {  // a copy by another program may be in any format
    check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "set the format's version");
  }
  return File(H5Fopen(path.c_str(), flags, access.get()), fmt::format("open '{}'", path));
}

Group create_group(hid_t parent, const std::string& name) {
  const PropertyList links(H5Pcreate(H5P_LINK_CREATE), "create link properties");
  check(H5Pset_create_intermediate_group(links.get(), 1), "ask for groups above a group");
  const PropertyList creation(H5Pcreate(H5P_GROUP_CREATE), "create group properties");
  check(H5Pset_obj_track_times(creation.get(), false), "switch off times");  // equal jobs make equal files
  return Group(H5Gcreate2(parent, name.c_str(), links.get(), creation.get(), H5P_DEFAULT),
               fmt::format("create the group {}", name));
}

Group open_group(hid_t parent, const std::string& name) {
  if (name != "/") require_object(parent, name, H5I_GROUP);
  return Group(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), fmt::format("open the group {}", name));
}

bool has_link(hid_t parent, const std::string& name) {
  for (std::size_t end = name.find('/', 1); true; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);
    const htri_t found = H5Lexists(parent, part.c_str(), H5P_DEFAULT);
    check(found, fmt::format("look for {}", part));
    if (found == 0 || !leads_somewhere(parent, part)) return false;
    if (end == std::string::npos) return true;
    if (type_of(parent, part) != H5I_GROUP) return false;
  }
}

void lacks(hid_t object, std::string_view what, const std::string& name) {
  const std::string path = path_of(object);
  throw Error(fmt::format("it lacks the {}: use the original or a complete copy.",
                          what == "attribute" ? fmt::format("attribute {}{}", name, path == "/" ? "" : " of " + path)
                                              : fmt::format("{} {}/{}", what, path == "/" ? "" : path, name)));
}

void require_object(hid_t parent, const std::string& name, H5I_type_t type) {
  if (!has_link(parent, name) || type_of(parent, name) != type)
    lacks(parent, type == H5I_GROUP ? "group" : "dataset", name);
}

bool is_hdf5_file(const std::string& path) {
  start();
  const htri_t found = H5Fis_hdf5(path.c_str());
  H5Eclear2(H5E_DEFAULT);
  return found > 0;
}

std::vector<std::string> link_names(hid_t group) {
  std::vector<std::string> names;
  hsize_t index = 0;
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, &index, landscape_h5_collect, &names), "list a group");
  return names;
}

std::vector<std::string> group_names(hid_t group, Unreadable unreadable) {
  std::vector<std::string> names;
  for (const std::string& name : link_names(group)) {
    try {
      if (type_of(group, name) == H5I_GROUP) names.push_back(name);
    } catch (const Error&) {
      if (unreadable == Unreadable::refused) throw;
    }
  }
  return names;
}

void flush_to_disk(const File& file, const std::string& path) {
  check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), fmt::format("flush '{}'", path));
  void* handle = nullptr;
  check(H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &handle), fmt::format("find the descriptor of '{}'", path));
  if (fsync(*static_cast<int*>(handle)) != 0) throw Error(fmt::format("'{}' cannot be written to the disk.", path));
}

}  // namespace landscape::h5
