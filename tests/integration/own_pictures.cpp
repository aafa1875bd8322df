#include <catch2/catch.hpp>
#include <regex>

#include "core/files.hpp"
#include "integration/workplace.hpp"
#include "support/picture_files.hpp"

using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr int kSide = 6;

std::string dataset_yaml(const std::string& bytes, const std::string& sha256) {
  return "title: Own pictures\nkind: image_folder\npreprocessing: mean_image\nclasses: 2\n"
         "shape: [3, 6, 6]\n"
         "splits: {train: 80, validation: 20, test: 20, validation_per_class: [10]}\n"
         "files:\n  - {role: pictures, name: pictures, hash_checked: true, bytes: " +
         bytes + ", sha256: " + sha256 + "}\n";
}

/// Red and blue pictures, half PNG, half JPEG, in data/own/pictures; an experiment `own` with them.
void write_pictures(const Workplace& place) {
  const auto write_class = [&](const std::string& folder, int count, bool red) {
    for (int i = 0; i < count; ++i) {
      const auto shade = static_cast<std::uint8_t>(150 + i);
      const laq::test::Colour colour{red ? shade : std::uint8_t{20}, 40,
                                     red ? std::uint8_t{20} : shade};
      const bool png = i % 2 == 0;
      const std::string name = std::to_string(i) + (png ? ".png" : ".jpg");
      write_text(
          place / ("data/own/pictures/" + folder + "/" + name),
          png ? laq::test::png(kSide, kSide, colour) : laq::test::jpeg(kSide, kSide, colour));
    }
  };
  write_class("train/red", 50, true);
  write_class("train/blue", 50, false);
  write_class("test/red", 10, true);
  write_class("test/blue", 10, false);
  write_text(place / "configs/datasets/own.yaml", dataset_yaml("1", std::string(64, '0')));
  write_text(place / "configs/experiments/own.yaml",
             "extends: [experiments/tiny]\ndataset: own\ntrain: {epochs: 2}\n");
}

/// Takes size and hash from the program's complaint, as a user would.
void correct_yaml(const Workplace& place) {
  const Outcome refused = place.laq({"data", "verify", "own"});
  CHECK(refused.exit_code == 1);
  std::smatch found;
  REQUIRE(std::regex_search(refused.err, found,
                            std::regex("found bytes: ([0-9]+), sha256: ([0-9a-f]{64})")));
  write_text(place / "configs/datasets/own.yaml", dataset_yaml(found[1], found[2]));
}

}  // namespace

TEST_CASE("a folder of one's own pictures becomes a dataset") {
  const Workplace place;
  write_pictures(place);
  correct_yaml(place);
  const Outcome verified = place.laq({"data", "verify", "own"});
  check_done(verified);
  CHECK_THAT(verified.out, Catch::Contains("data/own/pictures: good"));
  const Outcome learnt = place.laq({"run", "own", "--method", "late"});
  check_done(learnt);
  CHECK_THAT(learnt.out, Catch::Contains("test error 0.00 %"));
  // Decoded pictures are kept, but only for as long as those they were made from stay as they are.
  const auto run_again = [&] {
    return place.laq({"run", "own", "--method", "late", "--seed", "2"});
  };
  const fs::path picture = place / "data/own/pictures/train/red/4.png";
  fs::rename(picture, place / "away.png");
  check_refusal(run_again(), 1,
                {"data/own/pictures", "holds other pictures than the dataset says"});
  fs::copy(place / "data/own/pictures/train/blue/4.png", picture);
  check_refusal(run_again(), 1,
                {"data/own/pictures", "holds other pictures than the dataset says"});
  fs::rename(place / "away.png", picture);
  check_done(run_again());
}

TEST_CASE("a bad picture ends the run and is named") {
  const Workplace place;
  write_pictures(place);
  const std::string whole = laq::read_file(place / "data/own/pictures/train/red/7.jpg");
  write_text(place / "data/own/pictures/train/red/7.jpg", whole.substr(0, whole.size() - 8));
  correct_yaml(place);
  check_refusal(place.laq({"run", "own", "--method", "late"}), 1,
                {"pictures: train/red/7.jpg: JPEG is corrupt", "configs/datasets/own.yaml"});
  write_text(place / "data/own/pictures/train/red/7.jpg", laq::test::jpeg(6, 5, {200, 0, 0}));
  correct_yaml(place);
  check_refusal(place.laq({"run", "own", "--method", "late"}), 1,
                {"train/red/7.jpg: picture has another size", "found 6 x 5, expected 6 x 6"});
}

TEST_CASE("data list tells which hashes were compared with the published files") {
  const Workplace place;
  const std::string list = place.laq({"data", "list"}).out;
  for (const char* name : {"cifar10", "cifar100", "svhn", "linux"})
    CHECK(std::regex_search(list, std::regex("\n" + std::string(name) + " +unconfirmed ")));
  for (const char* name : {"cifar10_jpeg", "mnist"})
    CHECK(std::regex_search(list, std::regex("\n" + std::string(name) + " +confirmed ")));
  fs::create_directories(place / "data/cifar10/cifar-10-batches-bin");
  const Outcome unpacked = place.laq({"data", "list", "cifar10"});
  CHECK_THAT(unpacked.out, Catch::Contains("found in data/cifar10 (unpacked, so without a hash)"));
}
