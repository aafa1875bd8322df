#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/workplace.hpp"
#include "support/gzip.hpp"

using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

const std::string kImages = "train-images.gz", kLabels = "train-labels";

/// Puts `content` in place of a data file, in a folder given with --data-dir, and checks that a
/// run, a check of the data and the run's status say what is wrong with it.
void check_damage(const std::string& name, const std::string& content,
                  std::vector<std::string> message) {
  const Workplace place;
  fs::rename(place / "data", place / "elsewhere");
  const fs::path file = fs::path("elsewhere") / "tiny" / name;
  write_text(place / file.string(), content);
  message.push_back(file.string());
  message.push_back("laq data fetch tiny --data-dir elsewhere");
  check_refusal(place.laq({"run", "tiny", "--data-dir", "elsewhere"}), 1, message);
  const auto status = nlohmann::json::parse(laq::read_file(place.run_folder() / "status.json"));
  CHECK(status["state"] == "failed");
  CHECK_THAT(status["reason"].get<std::string>(), Catch::Contains(file.string()));

  const Outcome verified = place.laq({"data", "verify", "tiny", "--data-dir", "elsewhere"});
  CHECK(verified.exit_code == 1);
  CHECK(count(verified.err, "\n") == 1);
  CHECK(verified.err.starts_with("laq: "));
  for (const auto& part : message) CHECK_THAT(verified.err, Catch::Contains(part));
  CHECK(count(verified.out, ": good\n") == 3);
}

std::string with_byte(std::string bytes, std::size_t at, char value) {
  bytes.at(at) = value;
  return bytes;
}

}  // namespace

TEST_CASE("a missing data file is named, with what to do next") {
  const Workplace place;
  fs::remove(place.data() / kLabels);
  check_refusal(place.laq({"run", "tiny"}), 1,
                {"tiny/train-labels", "missing", "data/tiny", "laq data fetch tiny", "--mirror"});
  check_refusal(place.laq({"run", "tiny", "--data-dir", "nowhere"}), 1,
                {"tiny/t", "missing", "nowhere/tiny", "laq data fetch tiny --data-dir nowhere"});
  SECTION("with the file in a mirror the same command goes on") {
    write_text(place / "mirror/tiny/train-labels", tiny_files().at(kLabels));
    check_done(place.laq({"run", "tiny", "--mirror", "mirror"}));
  }
}

TEST_CASE("a data file cut short is named") {
  const std::string whole = tiny_files().at(kImages);
  check_damage(kImages, whole.substr(0, whole.size() / 2), {"truncated"});
}

TEST_CASE("an empty data file is named") {
  check_damage(kLabels, "", {"short"});
}

TEST_CASE("data with another hash is named") {
  const std::string whole = laq::test::gunzip(tiny_files().at(kImages));
  check_damage(kImages, laq::test::gzip(with_byte(whole, 5000, static_cast<char>(whole[5000] ^ 1))),
               {"wrong SHA-256", "found ", "expected "});
}

TEST_CASE("data with another magic number is named") {
  check_damage(kLabels, with_byte(tiny_files().at(kLabels), 3, 7),
               {"magic", "00000807", "00000801"});
}

TEST_CASE("data with another number of rows is named") {
  check_damage(kLabels, idx_labels(std::vector<std::uint8_t>(2199)),
               {"wrong number of labels", "2199", "2200"});
}

TEST_CASE("more or fewer bytes than the header says are named") {
  check_damage(kLabels, with_byte(tiny_files().at(kLabels), 7, 0), {"bytes"});
}

TEST_CASE("a label out of range is named") {
  check_damage(kLabels, with_byte(tiny_files().at(kLabels), 8 + 17, 9),
               {"label 17", "out of range", "9", "0 to 3"});
}

TEST_CASE("a page of HTML instead of data is named") {
  check_damage(kImages, "<!DOCTYPE html>\n<html><body>Sign in to the network</body></html>\n",
               {"HTML"});
}

TEST_CASE("a folder instead of a data file is named") {
  const Workplace place;
  fs::remove(place.data() / kLabels);
  fs::create_directory(place.data() / kLabels);
  check_refusal(place.laq({"run", "tiny"}), 1, {"data/tiny/train-labels", "folder"});
}

TEST_CASE("data are fetched from a mirror, checked, and only good ones kept") {
  const Workplace place;
  fs::rename(place / "data", place / "mirror");
  const std::vector<std::string> fetch{"data", "fetch", "tiny", "--mirror", "mirror", "--offline"};
  const std::string good = laq::read_file(place / "mirror/tiny/train-images.gz");
  write_text(place / "mirror/tiny/train-images.gz", good.substr(0, 100));
  const Outcome refused = place.laq(fetch);
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.starts_with("laq: "));
  for (const char* part : {"tiny/train-images.gz", "mirror/tiny/train-images.gz", "truncated"})
    CHECK_THAT(refused.err, Catch::Contains(part));
  CHECK_FALSE(fs::exists(place / "data/tiny/train-images.gz"));

  write_text(place / "mirror/tiny/train-images.gz", good);
  check_done(place.laq(fetch));
  check_done(place.laq({"data", "verify", "tiny"}));
  const Outcome again = place.laq(fetch);
  check_done(again);
  CHECK(count(again.out, "already there") == 4);
  check_done(place.laq({"run", "tiny"}));
}
