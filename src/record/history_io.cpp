#include "record/history_io.hpp"

#include <utility>

#include "core/error.hpp"
#include "record/process_io.hpp"

namespace laq::record {
namespace {

void write_table(Hdf5Writer& out, const std::string& group, const std::string& index,
                 const Table& table) {
  const std::string scale = group + "/" + index;
  const Shape rows{table.rows()};
  out.write<std::int64_t>(scale, table.index, rows);
  out.make_scale(scale, index);
  for (const auto& [name, values] : table.columns) {
    out.write<double>(group + "/" + name, values, rows);
    out.attach_scale(group + "/" + name, 0, scale);
  }
}

Table read_table(const Hdf5Reader& in, const std::string& group, const std::string& index) {
  Table table;
  for (const auto& name : in.names(group)) {
    const std::string path = group + "/" + name;
    if (name != index) table.columns.emplace_back(name, in.read<double>(path, {1, 1}).values);
  }
  table.index = in.read<std::int64_t>(group + "/" + index, {1, 1}).values;
  return table;
}

Layer read_layer(const Hdf5Reader& in, const std::string& group) {
  Layer layer;
  for (const auto& name : in.names(group)) {
    auto array = in.read<double>(group + "/" + name, {2, 2});
    layer.emplace_back(name, LayerColumn{array.shape[1], std::move(array.values)});
  }
  return layer;
}

void write_stretches(Hdf5Writer& out, const std::string& group,
                     const std::vector<Stretch>& stretches) {
  out.group(group);
  for (const Stretch& stretch : stretches) {
    const std::string path = group + "/" + std::to_string(stretch.first_step);
    out.group(path);
    out.integer(path, "first_step", stretch.first_step);
    write_process(out, path, stretch.by);
  }
}

std::vector<Stretch> read_stretches(const Hdf5Reader& in, const std::string& group) {
  std::vector<Stretch> stretches;
  if (!in.has(group)) return stretches;  // the first versions' files
  for (const auto& name : in.names(group)) {
    const std::string path = group + "/" + name;
    stretches.push_back({in.integer(path, "first_step"), read_process(in, path)});
  }
  return stretches;
}

FinalValue read_final(const Hdf5Reader& in, const std::string& group, const std::string& name) {
  const auto kind = in.attribute(group, name).kind;
  if (kind == Content::Kind::text) return in.text(group, name);
  if (kind == Content::Kind::integer) return in.integer(group, name);
  return in.real(group, name);
}

}  // namespace

void write_history(Hdf5Writer& out, const std::string& root, const History& history, bool steps) {
  history.check();
  write_table(out, root + "/epochs", "epoch", history.epochs);
  write_table(out, root + "/steps", "step", steps ? history.steps : Table{});
  out.group(root + "/layers");
  for (const auto& [layer, columns] : history.layers) {
    const std::string group = root + "/layers/" + layer;
    out.group(group);
    for (const auto& [name, column] : columns) {
      const std::string path = group + "/" + name;
      out.write<double>(path, column.values, {history.epochs.rows(), column.width});
      out.attach_scale(path, 0, root + "/epochs/epoch");
    }
  }
  write_stretches(out, root + "/processes", history.stretches);
  const std::string group = root + "/final";
  out.group(group);
  for (const auto& [name, value] : history.final_values) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) out.integer(group, name, *integer);
    if (const auto* real = std::get_if<double>(&value)) out.real(group, name, *real);
    if (const auto* text = std::get_if<std::string>(&value)) out.text(group, name, *text);
  }
}

History read_history(const Hdf5Reader& in, const std::string& root) {
  History history;
  history.epochs = read_table(in, root + "/epochs", "epoch");
  history.steps = read_table(in, root + "/steps", "step");
  for (const auto& name : in.names(root + "/layers")) {
    history.layers.emplace_back(name, read_layer(in, root + "/layers/" + name));
  }
  history.stretches = read_stretches(in, root + "/processes");
  for (const auto& name : in.attribute_names(root + "/final")) {
    history.final_values.emplace(name, read_final(in, root + "/final", name));
  }
  try {
    history.check();
  } catch (const Error& error) {
    throw Error({.what = error.what(), .where = in.file().string() + ":" + root + "/"});
  }
  return history;
}

}  // namespace laq::record
