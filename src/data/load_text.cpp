#include <fmt/format.h>

#include "core/error.hpp"
#include "core/files.hpp"
#include "data/content.hpp"
#include "data/text_data.hpp"

namespace laq::data {
namespace {

std::string read(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths) {
  std::string text;
  with_located(spec, file, paths, [&](const std::filesystem::path& path) {
    text = read_raw(path, file);
    check_published(file, text, path.string());
  });
  return text;
}

void check_vocabulary(const DatasetSpec& spec, const TextData& data) {
  if (data.vocabulary().size() == spec.classes) return;
  throw Error({.what = "the text has another number of distinct characters",
               .where = "dataset " + spec.name,
               .found = std::to_string(data.vocabulary().size()),
               .expected = std::to_string(spec.classes)});
}

}  // namespace

TextData load_text(const DatasetSpec& spec, const DataPaths& paths, const TextCut& cut) {
  if (spec.kind != Kind::text)
    throw Error({.what = "dataset '" + spec.name + "' does not hold text"});
  const auto load = [&] {
    if (spec.files.size() == 1)
      return TextData(read(spec, spec.file("text"), paths), spec.splits, cut);
    return TextData(std::array<std::string, 3>{read(spec, spec.file("train"), paths),
                                               read(spec, spec.file("validation"), paths),
                                               read(spec, spec.file("test"), paths)},
                    cut);
  };
  TextData data = load();
  check_vocabulary(spec, data);
  return data;
}

double training_characters(const DatasetSpec& spec, const TextCut& cut) {
  double all = 0;
  for (const auto& file : spec.files) all += static_cast<double>(file.bytes);
  const double training = spec.files.size() == 1
                              ? all * static_cast<double>(spec.splits.train) / 100
                              : static_cast<double>(spec.file("train").bytes);
  const double used = cut.characters > 0 ? static_cast<double>(cut.characters) : all;
  return training * std::min(1.0, used / all);
}

}  // namespace laq::data
