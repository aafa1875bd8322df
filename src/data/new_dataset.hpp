#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/locate.hpp"

namespace laq::data {

/// A user's data that is to become a dataset.
struct NewDatasetRequest {
  std::filesystem::path source;  ///< a folder of pictures, a text, or a table (`is_table_name`)
  std::string name;              ///< of lower-case letters, digits and '_'
  std::string title = {};        ///< empty: the name
  std::int64_t test = 15;        ///< percent that is drawn for the test part, where nothing says so
  std::int64_t validation = 10;  ///< likewise, of what is not for testing
};

/// What it is, and the two YAML files for it.
struct NewDataset {
  std::string summary;  ///< "900 pictures of 3 x 32 x 32 in 3 classes (cat 300, dog 300, owl 300)"
  std::string dataset_yaml, experiment_yaml;
};

/// Looks at all of the data, and copies it to `paths.data_dir`/<name>. Pictures are in
/// train/<class>/ and test/<class>/, or in <class>/: then the test part is drawn. Errors: nothing
/// there, not readable as what it is, pictures of different sizes, classes with too few pictures, a
/// text too short, the errors of `read_table`; (usage) a name that is none. Nothing is written
/// then.
NewDataset add_dataset(const NewDatasetRequest& request, const DataPaths& paths);

}  // namespace laq::data
