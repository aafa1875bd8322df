#include "record/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/checksum.hpp"
#include "record/history_io.hpp"

namespace laq::record {
namespace {

const std::string kBlobs = "/blobs";
const std::string kCounters = "/counters";
const std::string kTexts = "/texts";
const std::string kHistory = "/history";
const std::string kCrc = "crc32";
constexpr std::int64_t kLayout = 1;

void add(Crc32& sum, const std::vector<double>& values) {
  sum.add(std::uint64_t{values.size()}).add(std::as_bytes(std::span(values)));
}

void add(Crc32& sum, const Table& table) {
  sum.add(std::uint64_t{table.rows()}).add(std::as_bytes(std::span(table.index)));
  for (const auto& [name, values] : table.columns) {
    sum.add(name);
    add(sum, values);
  }
}

void add(Crc32& sum, const FinalValue& value) {
  sum.add(std::uint64_t{value.index()});
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sum.add(static_cast<std::uint64_t>(*integer));
  }
  if (const auto* real = std::get_if<double>(&value)) sum.add(std::bit_cast<std::uint64_t>(*real));
  if (const auto* text = std::get_if<std::string>(&value)) sum.add(*text);
}

/// Checksum over everything but the blobs' values, whose own checksums it covers.
std::int64_t seal(const CheckpointState& state,
                  const std::vector<std::pair<std::string, std::int64_t>>& blobs) {
  Crc32 sum;
  for (const auto& [name, crc] : blobs) sum.add(name).add(static_cast<std::uint64_t>(crc));
  for (const auto& [name, value] : state.counters) {
    sum.add(name).add(static_cast<std::uint64_t>(value));
  }
  for (const auto& [name, value] : state.texts) sum.add(name).add(value);
  add(sum, state.history.epochs);
  add(sum, state.history.steps);
  for (const auto& [layer, columns] : state.history.layers) {
    sum.add(layer);
    for (const auto& [name, column] : columns) {
      sum.add(name).add(std::uint64_t{column.width});
      add(sum, column.values);
    }
  }
  for (const auto& [name, value] : state.history.final_values) {
    sum.add(name);
    add(sum, value);
  }
  return sum.value();
}

[[noreturn]] void throw_damaged(const std::string& where, const std::string& what) {
  throw Error({.what = "the checkpoint is damaged: " + what,
               .where = where,
               .advice = "delete the file; the run then starts from its beginning"});
}

/// Opens with advice that plain HDF5 errors lack.
Hdf5Reader open_checkpoint(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return Hdf5Reader(file);
  try {
    return Hdf5Reader(file);
  } catch (const Error& error) {
    throw_damaged(file.string(), error.what());
  }
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const std::vector<Blob>& blobs,
                      const CheckpointState& state) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.text("/", "creator", "laq");
    out.integer("/", "layout", kLayout);
    std::vector<std::pair<std::string, std::int64_t>> sums;
    out.group(kBlobs);
    for (const Blob& blob : blobs) {
      check_name(blob.name, "blob");
      const std::string path = kBlobs + "/" + blob.name;
      std::visit(
          [&]<typename T>(std::span<const T> values) {
            out.place<T>(path, values, blob.shape);
            sums.emplace_back(blob.name, Crc32().add(std::as_bytes(values)).value());
          },
          blob.values);
      out.integer(path, kCrc, sums.back().second);
    }
    out.group(kCounters);
    for (const auto& [name, value] : state.counters) out.integer(kCounters, name, value);
    out.group(kTexts);
    for (const auto& [name, value] : state.texts) out.text(kTexts, name, value);
    write_history(out, kHistory, state.history);
    out.integer("/", kCrc, seal(state, sums));
  });
}

CheckpointReader::CheckpointReader(const std::filesystem::path& file) : in_(open_checkpoint(file)) {
  std::vector<std::pair<std::string, std::int64_t>> sums;
  std::int64_t expected = 0;
  try {
    if (const auto layout = in_.integer("/", "layout"); layout != kLayout) {
      throw Error({.what = "unknown layout", .found = std::to_string(layout)});
    }
    for (const auto& name : in_.names(kBlobs)) {
      sums.emplace_back(name, in_.integer(kBlobs + "/" + name, kCrc));
      blobs_.push_back(name);
    }
    for (const auto& name : in_.attribute_names(kCounters)) {
      state_.counters[name] = in_.integer(kCounters, name);
    }
    for (const auto& name : in_.attribute_names(kTexts)) {
      state_.texts[name] = in_.text(kTexts, name);
    }
    state_.history = read_history(in_, kHistory);
    expected = in_.integer("/", kCrc);
  } catch (const Error& error) {
    throw_damaged(file.string(), error.what());
  }
  if (seal(state_, sums) != expected) throw_damaged(file.string(), "its checksum does not match");
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

std::string CheckpointReader::path_of(const std::string& blob, const std::string& type) const {
  require(blob);
  const std::string path = kBlobs + "/" + blob;
  const std::string found = in_.dataset(path).type;
  if (found != type) {
    throw Error({.what = "has the wrong type",
                 .where = in_.file().string() + ":" + path,
                 .found = found,
                 .expected = type});
  }
  return path;
}

void CheckpointReader::compare(const std::string& path, std::span<const std::byte> bytes) const {
  if (Crc32().add(bytes).value() != in_.integer(path, kCrc)) {
    throw_damaged(in_.file().string() + ":" + path, "the checksum of the values does not match");
  }
}

template <Number T>
void CheckpointReader::read_into(const std::string& blob, std::span<T> values) const {
  const std::string path = path_of(blob, type_name<T>());
  in_.read_into<T>(path, values);
  compare(path, std::as_bytes(values));
}

template <Number T>
std::vector<T> CheckpointReader::read(const std::string& blob) const {
  const std::string path = path_of(blob, type_name<T>());
  std::vector<T> values = in_.read<T>(path, {0, 32}).values;
  compare(path, std::as_bytes(std::span(values)));
  return values;
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
