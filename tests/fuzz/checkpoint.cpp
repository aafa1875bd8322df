#include "record/checkpoint.hpp"

#include "hdf5_content.hpp"
#include "record/history_io.hpp"

using namespace laq;

namespace {

void read_all(const std::filesystem::path& file) {
  const record::CheckpointReader in(file);
  for (const auto& blob : in.blobs()) {
    fuzz::read([&] { in.shape(blob); });
    fuzz::read([&] { in.read<float>(blob); });
    fuzz::read([&] { in.read<std::int64_t>(blob); });
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto head = [](record::Hdf5Writer& out) { out.integer("/", "layout", 1); };
  const auto blobs = [](record::Hdf5Writer& out) {
    const std::vector<float> values{1, 2, 3, 4};
    out.write<float>("/blobs/latent", values, {2, 2});
  };
  const auto counters = [](record::Hdf5Writer& out) {
    out.group("/counters");
    out.integer("/counters", "step", 3);
    out.group("/texts");
    out.text("/texts", "hash", "x");
  };
  const auto history = [](record::Hdf5Writer& out) { record::write_history(out, "/history", {}); };
  fuzz::read_both(data, size, {head, blobs, counters, history},
                  {"/", "/blobs", "/blobs/latent", "/blobs/a/b", "/counters", "/texts", "/history",
                   "/history/epochs", "/history/epochs/epoch", "/history/layers/a/scales"},
                  {"layout", "step", "hash", "x"}, read_all);
  return 0;
}
