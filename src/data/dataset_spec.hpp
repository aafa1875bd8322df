#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace laq::data {

inline constexpr std::int64_t kMostClasses = 256;  ///< a label is one byte

/// The format of a dataset's files. A new kind needs: a name in dataset_spec.cpp, its roles in
/// content.cpp and a reader in read_images.cpp.
enum class Kind {
  idx,           ///< MNIST's four files
  cifar,         ///< the binary archive of CIFAR-10 or CIFAR-100
  svhn,          ///< the cropped digits: three MATLAB files
  image_folder,  ///< train/<class>/* and test/<class>/* in JPEG or PNG, a folder or a .tar.gz
  table,         ///< rows of numbers with a label: .csv, .tsv, .npy or .npz
  text           ///< characters: one file, or one for each part
};

/// What is done to the inputs, with statistics of the training part only.
enum class Preprocessing {
  none,        ///< pixels/255
  mean_image,  ///< pixels/255 minus the mean image of the training part
  gcn,         ///< global contrast normalisation
  gcn_zca,     ///< global contrast normalisation, then ZCA whitening
  gcn_lcn,     ///< global, then local contrast normalisation
  standardize  ///< of a table: each feature minus its mean, divided by its deviation
};

/// What local contrast normalisation is done to.
enum class LocalContrastRule {
  all_channels,  ///< every channel, as published
  pylearn2       ///< what pylearn2 did: the first channel alone, with another divisor
};

/// The word for it in YAML.
std::string word_of(Preprocessing preprocessing);
std::string word_of(LocalContrastRule rule);

/// One published file.
struct DataFile {
  std::string role;                    ///< what it holds: train_images, train_labels, …
  std::string name;                    ///< as published: train-images-idx3-ubyte.gz
  std::string sha256;                  ///< idx: of the uncompressed content; else as published
  bool hash_checked = false;           ///< whether the hash was compared with the real file
  std::int64_t bytes = 0;              ///< size of what the hash is of
  std::vector<std::string> urls;       ///< where it is published, first choice first
  std::filesystem::path package_path;  ///< where the Debian package puts it; empty: no package
  std::string unpacked = {};           ///< the folder in an archive that may replace it; empty: no
  std::string git_blob = {};           ///< git's id of the content, instead of `sha256`

  /// What its content is known by.
  std::string content_id() const { return git_blob.empty() ? sha256 : "git-blob:" + git_blob; }
};

/// Rows in each part. Of a table that does not say which rows are which, they are drawn once for
/// all. Validation is the last `validation` rows of the training file, in the order
/// of the file, unless it is drawn by class.
struct Splits {
  std::int64_t train = 0;
  std::int64_t validation = 0;
  std::int64_t test = 0;  ///< of one text, all three in percent; of three texts 0
  /// svhn and image_folder: rows drawn of each class, one number for each training file.
  std::vector<std::int64_t> validation_per_class = {};
};

/// A text that is cut from a Debian package's archive of C sources.
struct SourceText {
  std::filesystem::path archive;
  std::vector<std::string> folders;  ///< below the archive's top folder, in this order
  std::int64_t characters = 0;
};

/// A dataset as configs/datasets/<name>.yaml describes it.
struct DatasetSpec {
  std::string name;                         ///< the YAML file's stem
  std::string title;                        ///< for tables
  std::optional<std::string> paper_column;  ///< its column in the paper's tables
  Kind kind = Kind::idx;
  Preprocessing preprocessing = Preprocessing::mean_image;
  LocalContrastRule lcn = LocalContrastRule::all_channels;  ///< of gcn_lcn
  std::int64_t classes = 0;                                 ///< of text: its distinct characters
  std::vector<std::int64_t> shape;  ///< of one picture: channels, height, width; of text empty
  Splits splits;
  std::string debian_package;  ///< "" when no package ships it
  std::vector<DataFile> files;
  std::string folder = {};                  ///< of its files; empty: its name
  std::optional<SourceText> cut_from = {};  ///< what makes the file where nobody publishes it

  const std::string& folder_name() const { return folder.empty() ? name : folder; }
  /// The file with this role. Error: there is none.
  const DataFile& file(const std::string& role) const;
};

/// Reads `configs`/datasets/`name`.yaml. Errors (usage): no such dataset, and everything that
/// `parse_dataset` refuses.
DatasetSpec load_dataset(const std::filesystem::path& configs, const std::string& name);

/// Reads a dataset's map. Errors (usage): missing, unknown or wrong keys, a file with no hash or
/// two, a hash that is none, a file name with a folder in it, a role missing or given twice,
/// numbers that do not fit the kind.
DatasetSpec parse_dataset(const config::Tree& tree, const std::string& name);

/// SHA-256 over the roles and content ids of all files: identifies the data in a run's record and
/// hash. Files are used only when they have these ids, so it needs no file.
std::string dataset_sha256(const DatasetSpec& spec);

}  // namespace laq::data
