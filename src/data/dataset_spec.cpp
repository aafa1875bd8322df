#include "data/dataset_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/cifar.hpp"
#include "data/content.hpp"
#include "data/download.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostRows = std::int64_t{1} << 32;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 36;

const std::vector<std::pair<std::string, Preprocessing>> kPreprocessing{
    {"none", Preprocessing::none},       {"mean_image", Preprocessing::mean_image},
    {"gcn", Preprocessing::gcn},         {"gcn_zca", Preprocessing::gcn_zca},
    {"gcn_lcn", Preprocessing::gcn_lcn}, {"standardize", Preprocessing::standardize}};
const std::vector<std::pair<std::string, LocalContrastRule>> kLocalContrast{
    {"all_channels", LocalContrastRule::all_channels}, {"pylearn2", LocalContrastRule::pylearn2}};

template <typename E>
std::string word_in(const std::vector<std::pair<std::string, E>>& words, E wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  throw Error({.what = "a choice without a name"});
}

fs::path folder_of(const fs::path& configs) {
  return configs / "datasets";
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name == fs::path(name).filename() && name != ".." && name != ".";
}

/// The file's key `key`: so many lower-case hexadecimal digits.
std::string hash_in(config::Reader& section, const std::string& key, std::size_t digits) {
  std::string text = section.word(key, std::string());
  if (!section.has(key)) return text;
  if (text.size() != digits || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    section.refuse(key, fmt::format("is not {} lower-case hexadecimal digits", digits));
  return text;
}

DataFile parse_file(const config::Tree& tree, const std::string& path,
                    const std::vector<std::string>& bases, const fs::path& package_folder) {
  config::Reader section(&tree, path);
  DataFile file;
  file.role = section.word("role", {});
  file.name = section.word("name", {});
  if (!is_plain_name(file.name)) section.refuse("name", "is not a plain file name");
  file.bytes = section.integer("bytes", {}, {1, kMostBytes});
  file.sha256 = hash_in(section, "sha256", 64);
  file.git_blob = hash_in(section, "git_blob", 40);
  if (file.sha256.empty() == file.git_blob.empty()) {
    section.refuse("sha256", file.sha256.empty() ? "is missing" : "and git_blob are both given",
                   "give one of sha256 (what 'sha256sum' prints) and git_blob ('git hash-object')");
  }
  file.hash_checked = section.flag("hash_checked", {});
  section.finish();
  for (const auto& base : bases) file.urls.push_back(join_url(base, file.name));
  if (!package_folder.empty()) file.package_path = package_folder / file.name;
  return file;
}

void check_roles(const DatasetSpec& spec, const config::Reader& root) {
  const std::vector<std::string> needed = roles(spec.kind, spec.files.size());
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

/// Percent of one text, in whole batches; a text for each part needs none.
void read_text_splits(config::Reader& splits, DatasetSpec& spec) {
  if (spec.files.size() > 1) return;
  spec.splits.train = splits.integer("train", {}, {1, 98});
  spec.splits.validation = splits.integer("validation", {}, {1, 98});
  spec.splits.test = splits.integer("test", {}, {1, 98});
  if (spec.splits.train + spec.splits.validation + spec.splits.test != 100)
    splits.refuse("train", "does not make 100 percent with validation and test");
}

/// What a text has in place of a picture's preprocessing and shape.
void read_text(config::Reader& root, DatasetSpec& spec) {
  spec.preprocessing = Preprocessing::none;
  spec.classes = root.integer("vocabulary", {}, {2, 256});
  read_text_splits(root.child("splits"), spec);
  if (!root.has("cut_from")) {
    root.raw("cut_from");
    return;
  }
  config::Reader& cut = root.child("cut_from");
  spec.cut_from =
      SourceText{cut.word("archive", {}), cut.words("folders", {}), spec.files.front().bytes};
  spec.files.front().package_path.clear();  // the package has its source, not the file
}

/// Which rows are for validation: with validation_per_class, so many of every class.
void read_splits(config::Reader& splits, DatasetSpec& spec) {
  spec.splits.train = splits.integer("train", {}, {1, kMostRows});
  spec.splits.validation = splits.integer("validation", {}, {1, kMostRows});
  spec.splits.test = splits.integer("test", {}, {1, kMostRows});
  if (spec.kind != Kind::svhn && spec.kind != Kind::image_folder) return;
  auto& drawn = spec.splits.validation_per_class;
  drawn = splits.integers("validation_per_class", {}, {0, kMostRows});
  const std::size_t files = spec.kind == Kind::svhn ? 2 : 1;
  if (drawn.size() != files) {
    splits.refuse(
        "validation_per_class",
        fmt::format("has {} numbers, but there are {} training files", drawn.size(), files));
  }
  std::int64_t rows = 0;
  for (const std::int64_t of_file : drawn) rows += spec.classes * of_file;
  if (rows != spec.splits.validation) {
    splits.refuse("validation", fmt::format("is not {} classes times validation_per_class, {}",
                                            spec.classes, rows));
  }
}

void read_pictures(config::Reader& root, DatasetSpec& spec) {
  spec.preprocessing = root.choice<Preprocessing>("preprocessing", {}, kPreprocessing);
  spec.classes = root.integer("classes", {}, {2, kMostClasses});
  const bool table = spec.kind == Kind::table;
  spec.shape = root.integers("shape", {}, {1, table ? 1 << 24 : 1 << 16});
  if (table && spec.shape.size() == 1) spec.shape = {1, 1, spec.shape[0]};
  if (spec.shape.size() != 3) root.refuse("shape", "is not [channels, height, width]");
  const bool of_tables = spec.preprocessing == Preprocessing::standardize;
  if (spec.preprocessing != Preprocessing::none && table != of_tables) {
    root.refuse("preprocessing", table ? "is one of pictures" : "is one of tables",
                table ? "choose none or standardize" : "choose one of pictures'");
  }
  if (spec.preprocessing == Preprocessing::gcn_lcn) {
    spec.lcn =
        root.choice<LocalContrastRule>("lcn", LocalContrastRule::all_channels, kLocalContrast);
  } else if (root.raw("lcn")) {
    root.refuse("lcn", "has no meaning without preprocessing: gcn_lcn", "remove it");
  }
  // Of a folder there is none, and decoded pictures are kept by SHA-256.
  if (spec.kind == Kind::image_folder && !spec.files.front().git_blob.empty())
    root.refuse("files", "gives a git_blob, which pictures do not have", "give sha256");
  read_splits(root.child("splits"), spec);
}

void check_cifar(DatasetSpec& spec, const config::Reader& root) {
  if (spec.classes != 10 && spec.classes != 100) root.refuse("classes", "is neither 10 nor 100");
  if (spec.shape != std::vector<std::int64_t>{3, 32, 32}) {
    root.refuse("shape", "is not that of CIFAR", "write [3, 32, 32]");
  }
  for (auto& file : spec.files) file.unpacked = cifar_format(spec.classes).folder;
}

}  // namespace

std::string word_of(Preprocessing preprocessing) {
  return word_in(kPreprocessing, preprocessing);
}

std::string word_of(LocalContrastRule rule) {
  return word_in(kLocalContrast, rule);
}

const DataFile& DatasetSpec::file(const std::string& role) const {
  for (const auto& candidate : files) {
    if (candidate.role == role) return candidate;
  }
  throw Error({.what = fmt::format("dataset '{}' has no file with role '{}'", name, role)});
}

DatasetSpec load_dataset(const fs::path& configs, const std::string& name) {
  const std::vector<std::string> known = config::names_in(configs, "datasets");
  std::string file_name = name;  // linux-debian is linux_debian
  std::replace(file_name.begin(), file_name.end(), '-', '_');
  if (std::find(known.begin(), known.end(), file_name) == known.end()) {
    throw usage_error({.what = fmt::format("unknown dataset '{}'", name),
                       .where = folder_of(configs).string(),
                       .advice = suggestion(name, known)});
  }
  return parse_dataset(config::load_yaml(folder_of(configs) / (file_name + ".yaml")), file_name);
}

DatasetSpec parse_dataset(const config::Tree& tree, const std::string& name) {
  config::Reader root(&tree, "");
  DatasetSpec spec;
  spec.name = name;
  spec.title = root.word("title", {});
  if (root.has("paper_column"))
    spec.paper_column = root.word("paper_column", {});
  else
    root.raw("paper_column");
  spec.kind = root.choice<Kind>("kind", {},
                                {{"idx", Kind::idx},
                                 {"cifar", Kind::cifar},
                                 {"svhn", Kind::svhn},
                                 {"image_folder", Kind::image_folder},
                                 {"table", Kind::table},
                                 {"text", Kind::text}});
  spec.folder = root.word("folder", name);
  if (!is_plain_name(spec.folder)) root.refuse("folder", "is not a plain name");
  fs::path package_folder;
  config::Reader& debian = root.child("debian");
  if (root.has("debian")) {
    spec.debian_package = debian.word("package", {});
    package_folder = debian.word("folder", {});
  }
  const std::vector<std::string> bases = root.words("urls", std::vector<std::string>{});

  const config::Tree* files = root.raw("files");
  if (!files || !files->list()) root.refuse("files", "is not a list of files");
  for (std::size_t i = 0; i < files->list()->size(); ++i) {
    spec.files.push_back(
        parse_file((*files->list())[i], fmt::format("files[{}]", i), bases, package_folder));
  }
  check_roles(spec, root);
  if (spec.kind == Kind::text)
    read_text(root, spec);
  else
    read_pictures(root, spec);
  if (spec.kind == Kind::cifar) check_cifar(spec, root);
  root.finish();
  return spec;
}

std::string dataset_sha256(const DatasetSpec& spec) {
  std::string text;
  for (const auto& role : roles(spec.kind, spec.files.size()))
    text += role + " " + spec.file(role).content_id() + "\n";
  return sha256(text);
}

}  // namespace laq::data
