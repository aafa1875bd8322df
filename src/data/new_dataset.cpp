#include "data/new_dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/random.hpp"
#include "core/text.hpp"
#include "data/archive.hpp"
#include "data/image_folder.hpp"
#include "data/picture.hpp"
#include "data/table.hpp"
#include "data/text_data.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostBatch = 100, kLeastBatch = 2;

std::int64_t percent_of(std::int64_t count, std::int64_t percent) {
  return (count * percent + 50) / 100;
}

std::int64_t batch_for(std::int64_t rows) {
  return std::clamp(rows / 10, kLeastBatch, kMostBatch);
}

// "cat 300, dog 280, …"
std::string counts_text(const std::map<std::string, std::int64_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(fmt::format("{} {}", name, count));
  return join_few(parts, 10);
}

std::string quoted(const std::string& text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    const auto byte = static_cast<unsigned char>(c);
    all += byte < ' ' ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return all + "\"";
}

std::string file_yaml(const std::string& role, const std::string& name, std::int64_t bytes,
                      const std::string& sha) {
  return fmt::format(
      "files:\n  - role: {}\n    name: {}\n    bytes: {}\n    sha256: {}\n    hash_checked: true\n",
      role, quoted(name), bytes, sha);
}

std::string head_yaml(const NewDatasetRequest& request, const char* kind) {
  return fmt::format("# Made by laq data add.\ntitle: {}\nkind: {}\n",
                     quoted(request.title.empty() ? request.name : request.title), kind);
}

// An experiment on rows with classes: something to begin with.
std::string rows_experiment(const NewDatasetRequest& request, std::int64_t train_rows,
                            const char* hidden) {
  return fmt::format(
      "# Made by laq data add: something to begin with.\ndataset: {}\n"
      "model: {{kind: mlp, hidden: {}}}\n"
      "train:\n  epochs: 20\n  batch: {}\n  loss: cross_entropy\n  learning_rate: 0.005\n"
      "  schedule: {{shape: cosine}}\n",
      request.name, hidden, batch_for(train_rows));
}

void place(const fs::path& to, std::string_view content) {
  make_folder(to.parent_path());
  replace_file(to, content);
}

// Pictures, with their paths train/<class>/<file> or test/<class>/<file>.
std::vector<PictureFile> sorted_pictures(const NewDatasetRequest& request) {
  std::vector<PictureFile> files;
  bool parted = false;
  visit_folder(request.source, [&](const std::string& path, std::vector<std::uint8_t> bytes) {
    if (path.starts_with(".") || path.find("/.") != std::string::npos) return;
    if (path.starts_with("train/") || path.starts_with("test/")) parted = true;
    files.push_back({path, std::move(bytes)});
  });
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  std::map<std::string, std::vector<std::size_t>> by_class;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto parts = split(files[i].path, '/');
    const bool of_part = parts[0] == "train" || parts[0] == "test";
    if (parted ? parts.size() == 3 && of_part : parts.size() == 2) {
      by_class[parts[parts.size() - 2]].push_back(i);
      continue;
    }
    throw Error({.what = "a file is not in the folder of a class",
                 .where = (request.source / files[i].path).string(),
                 .expected = parted ? "train/<class>/<file> or test/<class>/<file>"
                                    : "<class>/<file>, or train/ and test/ with such folders"});
  }
  if (parted) return files;
  for (const auto& [name, rows] : by_class) {
    const auto test = static_cast<std::size_t>(std::max<std::int64_t>(
        1, percent_of(static_cast<std::int64_t>(rows.size()), request.test)));
    // Drawn once: it depends on the class and the number of its pictures alone.
    const auto order = permutation(rows.size(), RandomStream(0, "new dataset " + name));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::string& path = files[rows[static_cast<std::size_t>(order[i])]].path;
      path = (i < test ? "test/" : "train/") + path;
    }
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

NewDataset add_pictures(const NewDatasetRequest& request, const DataPaths& paths) {
  const std::string where = request.source.string();
  const std::vector<PictureFile> files = sorted_pictures(request);
  std::map<std::string, std::int64_t> training, all;
  std::int64_t test = 0;
  for (const PictureFile& file : files) {
    const std::string name = split(file.path, '/')[1];
    ++all[name];
    if (file.path.starts_with("train/"))
      ++training[name];
    else
      ++test;
  }
  for (const auto& [name, count] : all) {
    if (training[name] >= 2) continue;
    throw Error(
        {.what = fmt::format("class '{}' has too few pictures for training and validation", name),
         .where = where,
         .found = std::to_string(training[name]),
         .expected = "at least 2"});
  }
  if (all.size() < 2 || test == 0) {
    throw Error({.what = "there is nothing to tell apart",
                 .where = where,
                 .found = fmt::format("{} classes, {} test pictures", all.size(), test),
                 .expected = "two classes or more, and pictures to test with"});
  }
  if (all.size() > kMostClasses) {
    throw Error({.what = "there are too many classes",
                 .where = where,
                 .found = std::to_string(all.size()),
                 .expected = fmt::format("at most {}", kMostClasses)});
  }
  // Colour, where any picture has it.
  auto shape = picture_shape(files.front().bytes, where + ": " + files.front().path);
  for (const PictureFile& file : files)
    shape[0] = std::max(shape[0], picture_shape(file.bytes, where + ": " + file.path)[0]);
  decode_pictures(files, std::vector<std::uint8_t>(files.size()), shape, where);
  std::int64_t least = training.begin()->second;
  for (const auto& [name, count] : training) least = std::min(least, count);
  const std::int64_t drawn =
      std::clamp<std::int64_t>(percent_of(least, request.validation), 1, least - 1);
  const auto classes = static_cast<std::int64_t>(all.size());
  const std::int64_t validation = drawn * classes;
  const std::int64_t train = static_cast<std::int64_t>(files.size()) - test - validation;
  const FolderIdentity identity = folder_identity(files);
  const fs::path folder = paths.data_dir / request.name / "pictures";
  if (fs::exists(folder)) {
    throw Error({.what = "there is something already",
                 .where = folder.string(),
                 .advice = "remove it, or choose another --name"});
  }
  for (const PictureFile& file : files) {
    place(folder / file.path,
          {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()});
  }
  NewDataset made;
  made.summary = fmt::format(
      "{} pictures of {} in {} classes ({}); {} train, {} validation, {} test", files.size(),
      fmt::join(shape, " x "), classes, counts_text(all), train, validation, test);
  made.dataset_yaml =
      head_yaml(request, "image_folder") +
      fmt::format(
          "preprocessing: mean_image\nclasses: {}\nshape: [{}]\n"
          "splits: {{train: {}, validation: {}, test: {}, validation_per_class: [{}]}}\n",
          classes, fmt::join(shape, ", "), train, validation, test, drawn) +
      file_yaml("pictures", "pictures", identity.bytes, identity.sha256);
  made.experiment_yaml = rows_experiment(request, train, "[512, 512]");
  return made;
}

NewDataset add_table(const NewDatasetRequest& request, const DataPaths& paths) {
  const std::string raw = read_file(request.source);
  const std::string name = request.source.filename().string();
  const Table table = read_table(raw, name, request.source.string());
  std::array<std::int64_t, 3> rows{};
  if (table.parts.empty()) {
    rows[2] = percent_of(table.rows(), request.test);
    rows[1] = percent_of(table.rows() - rows[2], request.validation);
    rows[0] = table.rows() - rows[1] - rows[2];
  } else {
    for (const std::uint8_t part : table.parts) ++rows[part];
    if (rows[1] == 0) {
      rows[1] = percent_of(rows[0], request.validation);
      rows[0] -= rows[1];
    }
  }
  if (std::min({rows[0] / 2, rows[1], rows[2]}) < 1) {
    throw Error(
        {.what = "there are too few rows",
         .where = request.source.string(),
         .found = fmt::format("{} train, {} validation, {} test", rows[0], rows[1], rows[2]),
         .expected = "at least 2, 1 and 1"});
  }
  if (table.width() == 0) {
    throw Error({.what = "the rows have no features",
                 .where = request.source.string(),
                 .expected = "a column of numbers beside the labels"});
  }
  table_rows(table, {.train = rows[0], .validation = rows[1], .test = rows[2]},
             request.source.string());
  std::map<std::string, std::int64_t> counts;
  for (const std::uint8_t label : table.labels) ++counts[std::to_string(label)];
  place(paths.data_dir / request.name / name, raw);
  NewDataset made;
  made.summary = fmt::format("{} rows of {} in {} classes ({}); {} train, {} validation, {} test",
                             table.rows(), fmt::join(table.shape, " x "), table.classes,
                             counts_text(counts), rows[0], rows[1], rows[2]);
  made.dataset_yaml = head_yaml(request, "table") +
                      fmt::format(
                          "preprocessing: standardize\nclasses: {}\nshape: [{}]\n"
                          "splits: {{train: {}, validation: {}, test: {}}}\n",
                          table.classes, fmt::join(table.shape, ", "), rows[0], rows[1], rows[2]) +
                      file_yaml("table", name, static_cast<std::int64_t>(raw.size()), sha256(raw));
  made.experiment_yaml = rows_experiment(request, rows[0], "[256, 256]");
  return made;
}

NewDataset add_text(const NewDatasetRequest& request, const DataPaths& paths) {
  const std::string text = read_file(request.source);
  const std::string name = request.source.filename().string();
  const std::string where = request.source.string();
  if (text.find('\0') != std::string::npos) {
    throw Error({.what = "is neither a text nor a table",
                 .where = where,
                 .found = "bytes that are 0",
                 .expected = "text, .csv, .tsv, .npy, .npz, or a folder of pictures"});
  }
  const Vocabulary vocabulary(text);
  const auto characters = static_cast<std::int64_t>(text.size());
  // The least part must have a batch.
  const std::int64_t validation = std::max<std::int64_t>(1, request.validation),
                     test = std::max<std::int64_t>(1, request.test);
  const std::int64_t least =
      characters * std::min({validation, test, 100 - validation - test}) / 100;
  std::int64_t batch = 50, steps = 100;
  while (2 * batch * steps > least && batch * steps > 4) (batch > steps / 4 ? batch : steps) /= 2;
  batch = std::max<std::int64_t>(batch, 2);
  if (vocabulary.size() < 2 || 2 * batch * steps > least) {
    throw Error({.what = "the text is too short",
                 .where = where,
                 .found = fmt::format("{} characters, {} of them distinct", characters,
                                      vocabulary.size())});
  }
  place(paths.data_dir / request.name / name, text);
  NewDataset made;
  made.summary =
      fmt::format("a text of {} characters, {} of them distinct", characters, vocabulary.size());
  made.dataset_yaml = head_yaml(request, "text") +
                      fmt::format(
                          "vocabulary: {}\n"
                          "splits: {{train: {}, validation: {}, test: {}}}\n",
                          vocabulary.size(), 100 - validation - test, validation, test) +
                      file_yaml("text", name, characters, sha256(text));
  made.experiment_yaml = fmt::format(
      "# Made by laq data add: something to begin with.\ndataset: {}\n"
      "model: {{kind: char_lstm, units: 256}}\n"
      "train:\n  epochs: 20\n  batch: {}\n  time_steps: {}\n  loss: cross_entropy\n"
      "  learning_rate: 0.002\n  schedule: {{shape: cosine}}\n"
      "  clip_gradient: 5\n  clip_gradient_at: step\n",
      request.name, batch, steps);
  return made;
}

}  // namespace

NewDataset add_dataset(const NewDatasetRequest& request, const DataPaths& paths) {
  if (request.name.empty() || request.name.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
    throw usage_error({.what = "is no name for a dataset",
                       .where = "--name",
                       .found = "'" + request.name + "'",
                       .expected = "lower-case letters, digits and '_'"});
  }
  if (!fs::exists(request.source))
    throw Error({.what = "there is no such file or folder", .where = request.source.string()});
  if (fs::is_directory(request.source)) return add_pictures(request, paths);
  if (is_table_name(request.source.filename().string())) return add_table(request, paths);
  return add_text(request, paths);
}

}  // namespace laq::data
