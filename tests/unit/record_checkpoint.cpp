#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <random>

#include "core/files.hpp"
#include "record/checkpoint.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;

namespace {

struct Arrays {
  std::vector<float> latents;
  std::vector<double> moments{0.1, -0.0, std::numeric_limits<double>::infinity()};
  std::vector<std::int64_t> order{3, 1, 2, std::numeric_limits<std::int64_t>::min()};
  std::vector<std::uint8_t> codes{0, 1, 255};
  std::vector<float> nothing;

  Arrays() : latents(5000) {
    std::mt19937 random(7);
    // Any bits at all: denormals, infinities, NaN with payloads.
    for (float& value : latents) value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  }
  std::vector<Blob> blobs() const {
    return {{"fc1.weight", {50, 100}, std::span(latents)},
            {"fc1.weight.v", {3}, std::span(moments)},
            {"order", {2, 2}, std::span(order)},
            {"codes", {3}, std::span(codes)},
            {"empty", {0}, std::span(nothing)}};
  }
};

CheckpointState sample_state() {
  return {{{"epoch", 3}, {"step", std::numeric_limits<std::int64_t>::max()}},
          {{"config_hash", std::string(64, 'c')}, {"nothing", ""}},
          sample_history()};
}

template <typename T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Whether everything in the file is as `Arrays` and `sample_state` have it.
bool as_written(const std::filesystem::path& file) {
  const Arrays arrays;
  const CheckpointState state = sample_state();
  const CheckpointReader in(file);
  return same(in.state().history, state.history) && in.state().counters == state.counters &&
         in.state().texts == state.texts && in.shape("fc1.weight") == Shape{50, 100} &&
         same_bytes(in.read<float>("fc1.weight"), arrays.latents) &&
         same_bytes(in.read<double>("fc1.weight.v"), arrays.moments) &&
         same_bytes(in.read<std::int64_t>("order"), arrays.order) &&
         same_bytes(in.read<std::uint8_t>("codes"), arrays.codes) &&
         in.read<float>("empty").empty();
}

void store(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace

TEST_CASE("a checkpoint comes back bit for bit") {
  const Folder folder;
  const auto file = folder / "checkpoint.h5";
  const Arrays arrays;
  write_checkpoint(file, arrays.blobs(), sample_state());
  CHECK(as_written(file));
  const CheckpointReader in(file);
  CHECK(in.blobs() ==
        std::vector<std::string>{"fc1.weight", "fc1.weight.v", "order", "codes", "empty"});
  std::vector<float> target(5000);
  in.read_into<float>("fc1.weight", target);
  CHECK(same_bytes(target, arrays.latents));

  write_checkpoint(file, {}, {});
  const CheckpointReader empty(file);
  CHECK(empty.blobs().empty());
  CHECK(same(empty.state().history, History()));
  CHECK(folder.entries() == 1);
}

TEST_CASE("misuse of a checkpoint is an error") {
  const Folder folder;
  const auto file = folder / "checkpoint.h5";
  const Arrays arrays;
  write_checkpoint(file, arrays.blobs(), sample_state());
  const CheckpointReader in(file);
  std::vector<float> short_target(10);
  CHECK(holds(message([&] { in.read<float>("fc1.wieght"); }), "did you mean 'fc1.weight'?"));
  CHECK(holds(message([&] { in.read<double>("fc1.weight"); }), "found float32, expected float64"));
  CHECK(holds(message([&] { in.read_into<float>("fc1.weight", short_target); }),
              "found 5000, expected 10"));
  CHECK_FALSE(in.has("none"));
  const auto write = [&](const std::vector<Blob>& blobs) {
    return message([&] { write_checkpoint(file, blobs, {}); });
  };
  CHECK(holds(write({{"a/b", {3}, std::span(arrays.moments)}}), "'a/b'"));
  CHECK(holds(write({{"a", {4}, std::span(arrays.moments)}}), "found 3 values, expected 4"));
  CHECK(holds(write({{"a", {3}, std::span(arrays.moments)}, {"a", {3}, std::span(arrays.moments)}}),
              "/blobs/a"));
  CHECK(as_written(file));
}

TEST_CASE("a damaged checkpoint is found out") {
  const Folder folder;
  const auto file = folder / "checkpoint.h5";
  const auto open = [&] { return message([&] { as_written(file); }); };
  CHECK(holds(open(), "checkpoint.h5: no such file"));
  write_checkpoint(file, Arrays().blobs(), sample_state());
  const std::string whole = read_file(file);
  const std::string advice = "or delete the file: a run that is not finished then starts from";

  for (std::size_t length = 0; length < whole.size(); length += whole.size() / 23) {
    store(file, whole.substr(0, length));
    const std::string error = open();
    CHECK(holds(error, "checkpoint.h5: the checkpoint cannot be used"));
    CHECK(holds(error, advice));
  }

  std::string altered = whole;
  const Arrays arrays;
  const std::string bytes(reinterpret_cast<const char*>(arrays.latents.data()), 16);
  const auto place = whole.find(bytes);
  REQUIRE(place != std::string::npos);
  altered[place + 5] ^= 1;
  store(file, altered);
  CHECK(holds(open(), "its checksum does not match"));

  std::mt19937 random(3);
  for (int trial = 0; trial < 400; ++trial) {
    altered = whole;
    for (int i = 0; i <= trial % 3; ++i) {
      altered[random() % altered.size()] ^= static_cast<char>(1 + random() % 255);
    }
    store(file, altered);
    bool unharmed = true;  // a byte that nothing depends on
    const std::string error = message([&] { unharmed = as_written(file); });
    CHECK((unharmed || !error.empty()));
  }
}
