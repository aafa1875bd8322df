#include "record/checkpoint.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/history_io.hpp"
#include "record/unreadable.hpp"

namespace laq::record {
namespace {

const std::string kBlobs = "/blobs";
const std::string kCounters = "/counters";
const std::string kTexts = "/texts";
const std::string kHistory = "/history";
constexpr std::int64_t kLayout = 1;

[[noreturn]] void throw_damaged(const std::filesystem::path& file, const std::string& what) {
  require_closed(file);
  throw Error({.what = "the checkpoint cannot be used: " + what,
               .where = file.string(),
               .advice = "restore it from a copy, or delete the file: a run that is not finished "
                         "then starts from its beginning"});
}

/// Opens with advice that plain HDF5 errors lack.
Hdf5Reader open_checkpoint(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return Hdf5Reader(file);
  try {
    Hdf5Reader in(file);
    if (!in.sealed()) throw Error({.what = "it is incomplete or not a checkpoint"});
    return in;
  } catch (const Unreadable&) {
    throw;
  } catch (const Error& error) {
    throw_damaged(file, error.what());
  }
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const std::vector<Blob>& blobs,
                      const CheckpointState& state) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.text("/", "creator", "laq");
    out.integer("/", "layout", kLayout);
    out.group(kBlobs);
    for (const Blob& blob : blobs) {
      check_name(blob.name, "blob");
      const std::string path = kBlobs + "/" + blob.name;
      std::visit(
          [&]<typename T>(std::span<const T> values) { out.place<T>(path, values, blob.shape); },
          blob.values);
    }
    out.group(kCounters);
    for (const auto& [name, value] : state.counters) out.integer(kCounters, name, value);
    out.group(kTexts);
    for (const auto& [name, value] : state.texts) out.text(kTexts, name, value);
    write_history(out, kHistory, state.history);
  });
}

CheckpointReader::CheckpointReader(const std::filesystem::path& file) : in_(open_checkpoint(file)) {
  try {
    if (const auto layout = in_.integer("/", "layout"); layout != kLayout) {
      throw Error({.what = "unknown layout", .found = std::to_string(layout)});
    }
    blobs_ = in_.names(kBlobs);
    for (const auto& name : in_.attribute_names(kCounters)) {
      state_.counters[name] = in_.integer(kCounters, name);
    }
    for (const auto& name : in_.attribute_names(kTexts)) {
      state_.texts[name] = in_.text(kTexts, name);
    }
    state_.history = read_history(in_, kHistory);
  } catch (const Error& error) {
    throw_damaged(file, error.what());
  }
}

bool CheckpointReader::has(const std::string& blob) const {
  return std::find(blobs_.begin(), blobs_.end(), blob) != blobs_.end();
}

void CheckpointReader::require(const std::string& blob) const {
  if (has(blob)) return;
  throw Error({.what = "the checkpoint has no '" + blob + "'",
               .where = in_.file().string(),
               .advice = suggestion(blob, blobs_)});
}

Shape CheckpointReader::shape(const std::string& blob) const {
  require(blob);
  return in_.dataset(kBlobs + "/" + blob).shape;
}

std::string CheckpointReader::type(const std::string& blob) const {
  require(blob);
  return in_.dataset(kBlobs + "/" + blob).type;
}

std::string CheckpointReader::path_of(const std::string& blob, const std::string& type) const {
  const std::string found = this->type(blob);
  const std::string path = kBlobs + "/" + blob;
  if (found != type) {
    throw Error({.what = "has the wrong type",
                 .where = in_.file().string() + ":" + path,
                 .found = found,
                 .expected = type});
  }
  return path;
}

template <Number T>
void CheckpointReader::read_into(const std::string& blob, std::span<T> values) const {
  in_.read_into<T>(path_of(blob, type_name<T>()), values);
}

template <Number T>
std::vector<T> CheckpointReader::read(const std::string& blob) const {
  return in_.read<T>(path_of(blob, type_name<T>()), {0, 32}).values;
}

template std::vector<float> CheckpointReader::read(const std::string&) const;
template std::vector<double> CheckpointReader::read(const std::string&) const;
template std::vector<std::int64_t> CheckpointReader::read(const std::string&) const;
template std::vector<std::uint8_t> CheckpointReader::read(const std::string&) const;
template void CheckpointReader::read_into(const std::string&, std::span<float>) const;
template void CheckpointReader::read_into(const std::string&, std::span<double>) const;
template void CheckpointReader::read_into(const std::string&, std::span<std::int64_t>) const;
template void CheckpointReader::read_into(const std::string&, std::span<std::uint8_t>) const;

}  // namespace laq::record
