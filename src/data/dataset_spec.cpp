#include "data/dataset_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/content.hpp"
#include "data/download.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostRows = std::int64_t{1} << 32;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 36;

const std::vector<std::pair<std::string, Preprocessing>> kPreprocessings = {
    {"none", Preprocessing::none},
    {"mean_image", Preprocessing::mean_image},
    {"gcn", Preprocessing::gcn},
    {"gcn_zca", Preprocessing::gcn_zca},
    {"gcn_lcn", Preprocessing::gcn_lcn}};

fs::path folder_of(const fs::path& configs) {
  return configs / "datasets";
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

DataFile parse_file(const config::Tree& tree, const std::string& path,
                    const std::vector<std::string>& bases, const fs::path& package_folder) {
  config::Section section(&tree, path);
  DataFile file;
  file.role = section.word("role", {});
  file.name = section.word("name", {});
  if (file.name.empty() || file.name != fs::path(file.name).filename() || file.name == "..") {
    section.refuse("name", "is not a plain file name");
  }
  file.bytes = section.integer("bytes", {}, {1, kMostBytes});
  file.sha256 = section.word("sha256", {});
  if (!is_sha256(file.sha256)) section.refuse("sha256", "is not 64 lower-case hexadecimal digits");
  file.hash_checked = section.flag("hash_checked", {});
  section.finish();
  for (const auto& base : bases) file.urls.push_back(join_url(base, file.name));
  if (!package_folder.empty()) file.package_path = package_folder / file.name;
  return file;
}

void check_roles(const DatasetSpec& spec, const config::Section& root) {
  const std::vector<std::string> needed = roles(spec.kind);
  for (const auto& role : needed) {
    const auto count = std::count_if(spec.files.begin(), spec.files.end(),
                                     [&](const DataFile& file) { return file.role == role; });
    if (count != 1) {
      root.refuse("files",
                  fmt::format("has {} with role '{}'", count ? "several files" : "no file", role),
                  "give each of these once: " + join(needed));
    }
  }
  for (const auto& file : spec.files) {
    if (std::find(needed.begin(), needed.end(), file.role) == needed.end()) {
      root.refuse("files", fmt::format("has the unknown role '{}'", file.role),
                  suggestion(file.role, needed));
    }
  }
}

}  // namespace

const DataFile& DatasetSpec::file(const std::string& role) const {
  for (const auto& candidate : files) {
    if (candidate.role == role) return candidate;
  }
  throw Error({.what = fmt::format("dataset '{}' has no file with role '{}'", name, role)});
}

std::string preprocessing_name(Preprocessing preprocessing) {
  const auto found = std::find_if(kPreprocessings.begin(), kPreprocessings.end(),
                                  [&](const auto& one) { return one.second == preprocessing; });
  return found->first;
}

std::vector<std::string> dataset_names(const fs::path& configs) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_of(configs), failed)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  if (failed) {
    throw usage_error({.what = "cannot list the datasets: " + failed.message(),
                       .where = folder_of(configs).string()});
  }
  std::sort(names.begin(), names.end());
  return names;
}

DatasetSpec load_dataset(const fs::path& configs, const std::string& name) {
  const std::vector<std::string> known = dataset_names(configs);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw usage_error({.what = fmt::format("unknown dataset '{}'", name),
                       .where = folder_of(configs).string(),
                       .advice = suggestion(name, known)});
  }
  return parse_dataset(config::load_yaml(folder_of(configs) / (name + ".yaml")), name);
}

DatasetSpec parse_dataset(const config::Tree& tree, const std::string& name) {
  config::Section root(&tree, "");
  DatasetSpec spec;
  spec.name = name;
  spec.title = root.word("title", {});
  if (root.has("paper_column"))
    spec.paper_column = root.word("paper_column", {});
  else
    root.raw("paper_column");
  spec.kind = root.choice<Kind>("kind", {}, {{"idx", Kind::idx}});
  spec.preprocessing = root.choice<Preprocessing>("preprocessing", {}, kPreprocessings);
  spec.classes = root.integer("classes", {}, {2, 256});  // a label is one byte

  spec.shape = root.integers("shape", {}, {1, 1 << 16});
  if (spec.shape.size() != 3) root.refuse("shape", "is not [channels, height, width]");

  config::Section& splits = root.child("splits");
  spec.splits.train = splits.integer("train", {}, {1, kMostRows});
  spec.splits.validation = splits.integer("validation", {}, {1, kMostRows});
  spec.splits.test = splits.integer("test", {}, {1, kMostRows});

  fs::path package_folder;
  config::Section& debian = root.child("debian");
  if (root.has("debian")) {
    spec.debian_package = debian.word("package", {});
    package_folder = debian.word("folder", {});
  }
  const std::vector<std::string> bases = root.words("urls", {{}});

  const config::Tree* files = root.raw("files");
  if (!files || !files->list()) root.refuse("files", "is not a list of files");
  for (std::size_t i = 0; i < files->list()->size(); ++i) {
    spec.files.push_back(
        parse_file((*files->list())[i], fmt::format("files[{}]", i), bases, package_folder));
  }
  check_roles(spec, root);
  root.finish();
  return spec;
}

std::string dataset_sha256(const DatasetSpec& spec) {
  std::string text;
  for (const auto& role : roles(spec.kind)) text += role + " " + spec.file(role).sha256 + "\n";
  return sha256(text);
}

}  // namespace laq::data
