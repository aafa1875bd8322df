#include "config/tree.hpp"
#include "data/dataset_spec.hpp"
#include "fuzz.hpp"

using namespace laq;

// YAML as a tree, as a dataset's description, and as a word of the command line.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  fuzz::read([&] {
    const config::Tree tree = config::parse_yaml(text, "fuzz.yaml");
    config::Tree merged;
    config::merge(merged, tree);
    data::parse_dataset(tree, "fuzz");
  });
  fuzz::read([&] { config::parse_override(text); });
  return 0;
}
