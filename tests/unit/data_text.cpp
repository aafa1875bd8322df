#include "data/read_images.hpp"
#include "data/text_data.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

const std::filesystem::path kConfigs =
    std::filesystem::path(__FILE__).parent_path() / "../../configs";

std::string alphabet(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + i % 23);
  return text;
}

struct Segments {
  std::string characters, following;
};

// Segment after segment, decoded.
Segments all_of(const TextData& data, Part part) {
  Segments out;
  std::vector<std::int64_t> in(static_cast<std::size_t>(data.steps())), next(in.size());
  for (std::int64_t segment = 0; segment < data.size(part); ++segment) {
    data.gather(part, std::span(&segment, 1), in.data(), next.data());
    for (std::size_t t = 0; t < in.size(); ++t) {
      out.characters += data.vocabulary().decode(in[t]);
      out.following += data.vocabulary().decode(next[t]);
    }
  }
  return out;
}

std::string text_yaml(const std::string& text, const std::string& more = "") {
  return "title: T\nkind: text\nvocabulary: 23\nsplits: {train: 80, validation: 10, test: 10}\n" +
         more + "files:\n  - {role: text, name: t.txt, bytes: " + std::to_string(text.size()) +
         ", sha256: " + sha256(text) + ", hash_checked: true}\n";
}

DatasetSpec parse(const std::string& yaml) {
  return parse_dataset(config::parse_yaml(yaml, "t.yaml"), "t");
}

}  // namespace

TEST_CASE("a vocabulary numbers the bytes that occur", "[data]") {
  const Vocabulary vocabulary(
      std::string("b\xff"
                  "ab\n\0",
                  6));
  CHECK(vocabulary.size() == 5);
  CHECK(vocabulary.characters() == std::string("\0\nab\xff", 5));
  const std::vector<std::uint8_t> codes = {2, 4, 1};
  CHECK(vocabulary.encode("a\xff\n", "here") == codes);
  CHECK(vocabulary.decode(3) == 'b');
  CHECK_THAT(error_of([&] { vocabulary.encode("abz", "here"); }),
             Contains("here: character 3 is not in the training text") && Contains("'z'") &&
                 Contains("one of the 5 characters"));
  CHECK_THAT(error_of([&] { vocabulary.encode("\t", "here"); }), Contains("byte 0x09"));
  CHECK_THAT(error_of([] { Vocabulary(""); }), Contains("the text is empty"));
}

TEST_CASE("a text is cut into whole batches, training first", "[data]") {
  // 1037 characters: 17 batches of 5 segments of 12 (60 characters); 13, 1 and 3 of them.
  const std::string text = alphabet(1037);
  const TextData data(text, {80, 10, 10}, {5, 12, 0});
  CHECK(data.size(Part::train) == 13 * 5);
  CHECK(data.size(Part::validation) == 1 * 5);
  CHECK(data.size(Part::test) == 3 * 5);
  std::size_t first = 0;
  for (const Part part : {Part::train, Part::validation, Part::test}) {
    const Segments segments = all_of(data, part);
    CHECK(segments.characters == text.substr(first, segments.characters.size()));
    CHECK(segments.following == text.substr(first + 1, segments.following.size()));
    first += segments.characters.size();
  }
  CHECK(first == 17 * 60);
}

TEST_CASE("after the last character comes the first", "[data]") {
  const std::string text = alphabet(600);
  const Segments last = all_of(TextData(text, {80, 10, 10}, {5, 12, 0}), Part::test);
  CHECK(last.characters.back() == text.back());
  CHECK(last.following.back() == text.front());
}

TEST_CASE("segments are gathered step by step, in any order", "[data]") {
  const std::string text = alphabet(600);
  const TextData data(text, {80, 10, 10}, {5, 12, 0});
  const std::vector<std::int64_t> segments = {7, 0, 31};
  std::vector<std::int64_t> in(36), next(36);
  data.gather(Part::train, segments, in.data(), next.data());
  for (std::size_t t = 0; t < 12; ++t) {
    for (std::size_t column = 0; column < 3; ++column) {
      const auto at = static_cast<std::size_t>(segments[column]) * 12 + t;
      CHECK(data.vocabulary().decode(in[t * 3 + column]) == text[at]);
      CHECK(data.vocabulary().decode(next[t * 3 + column]) == text[at + 1]);
    }
  }
  const std::vector<std::int64_t> outside = {40};
  CHECK_THAT(error_of([&] { data.gather(Part::train, outside, in.data(), next.data()); }),
             Contains("out of range") && Contains("0 to 39"));
}

TEST_CASE("a limit keeps the beginning of a text, but its whole vocabulary", "[data]") {
  const TextData data(alphabet(700) + "Z", {80, 10, 10}, {5, 12, 650});
  CHECK(data.size(Part::train) + data.size(Part::validation) + data.size(Part::test) == 50);
  CHECK(data.vocabulary().size() == 24);
}

TEST_CASE("a text for each part", "[data]") {
  const std::array<std::string, 3> texts = {alphabet(500), alphabet(110), alphabet(70)};
  const TextData data(texts, {5, 12, 0});
  CHECK(data.size(Part::train) == 8 * 5);
  CHECK(data.size(Part::validation) == 5);
  CHECK(data.size(Part::test) == 5);
  CHECK(all_of(data, Part::test).characters == texts[2].substr(0, 60));
  // With a limit, each keeps its share.
  const TextData part({alphabet(8000), alphabet(1000), alphabet(1000)}, {5, 12, 1000});
  CHECK(part.size(Part::train) == 13 * 5);
  CHECK(part.size(Part::validation) == 1 * 5);
}

TEST_CASE("a character that training never saw is named", "[data]") {
  CHECK_THAT(
      error_of([] {
        TextData({alphabet(500), alphabet(100), alphabet(60) + "Z" + alphabet(60)}, {5, 12, 0});
      }),
      Contains("test text: character 61 is not in the training text") && Contains("'Z'"));
}

TEST_CASE("texts that are too short are refused", "[data]") {
  CHECK_THAT(error_of([] {
               TextData("", {80, 10, 10}, {5, 12, 0});
             }),
             Contains("the text is empty"));
  CHECK_THAT(error_of([] {
               TextData({alphabet(500), "", alphabet(100)}, {5, 12, 0});
             }),
             Contains("the validation text is empty"));
  CHECK_THAT(error_of([] {
               TextData(alphabet(59), {80, 10, 10}, {5, 12, 0});
             }),
             Contains("the training text is shorter than one batch") && Contains("47 characters") &&
                 Contains("at least 60 (5 segments of 12)"));
  CHECK_THAT(error_of([] {
               TextData(alphabet(599), {80, 10, 10}, {5, 12, 0});
             }),
             Contains("the validation text is shorter than one batch"));
  CHECK_THAT(error_of([] {
               TextData({alphabet(500), alphabet(60), alphabet(59)}, {5, 12, 0});
             }),
             Contains("the test text is shorter than one batch") && Contains("train.time_steps"));
}

TEST_CASE("the project's texts are described", "[data]") {
  const DatasetSpec warpeace = load_dataset(kConfigs, "war_and_peace");
  CHECK(warpeace.kind == Kind::text);
  CHECK(warpeace.classes == 87);
  CHECK(warpeace.folder_name() == "warpeace");
  CHECK(training_characters(warpeace, {100, 100, 0}) == Approx(0.8 * 3258246));
  CHECK(training_characters(warpeace, {100, 100, 500000}) == Approx(0.8 * 500000));
  const DatasetSpec ptb = load_dataset(kConfigs, "penn_treebank");
  CHECK(training_characters(ptb, {100, 100, 0}) == 5101618);
  CHECK(load_dataset(kConfigs, "linux").file("text").content_id() ==
        "git-blob:6277447c2510ae2d0c4abb2a8dcc1fefaa40060b");
  CHECK(load_dataset(kConfigs, "linux-debian").name == "linux_debian");
  CHECK(load_dataset(kConfigs, "linux-debian").cut_from->characters == 6200000);
}

TEST_CASE("a text is loaded and checked", "[data]") {
  const TemporaryFolder folder;
  const DataPaths paths{folder / "data"};
  const std::string text = alphabet(700);
  const DatasetSpec spec = parse(text_yaml(text));
  CHECK_THAT(error_of([&] {
               load_text(spec, paths, {5, 12, 0});
             }),
             Contains("data file is missing"));
  write(folder / "data/t/t.txt", text);
  CHECK(load_text(spec, paths, {5, 12, 0}).size(Part::train) == 8 * 5);
  write(folder / "data/t/t.txt", text.substr(1) + "b");
  CHECK_THAT(error_of([&] { load_text(spec, paths, {5, 12, 0}); }), Contains("wrong SHA-256"));
  write(folder / "data/t/t.txt", "");
  CHECK_THAT(error_of([&] { load_text(spec, paths, {5, 12, 0}); }), Contains("file is truncated"));

  const std::string other(700, 'x');
  const DatasetSpec narrow = parse(text_yaml(other));
  write(folder / "data/t/t.txt", other);
  CHECK_THAT(error_of([&] {
               load_text(narrow, paths, {5, 12, 0});
             }),
             Contains("another number of distinct characters") && Contains("found 1") &&
                 Contains("expected 23"));
}

TEST_CASE("a text that is known by its git blob id is checked", "[data]") {
  const TemporaryFolder folder;
  const std::string text = alphabet(700);
  std::string yaml = text_yaml(text);
  // As `git hash-object` prints it.
  yaml.replace(yaml.find("sha256: "), 8 + 64, "git_blob: ab981712884912ca2a6d7f6382cebeb38545b1f9");
  const DatasetSpec spec = parse(yaml);
  const DataFile& file = spec.file("text");
  const auto error = [&] {
    return error_of([&] { load_text(spec, {folder / "data"}, {5, 12, 0}); });
  };
  write(folder / "data/t/t.txt", text);
  CHECK(error() == "no error");
  CHECK(error_of([&] { check_file(spec, file, folder / "data/t/t.txt"); }) == "no error");
  std::string other = text;
  std::swap(other[0], other[1]);
  write(folder / "data/t/t.txt", other);
  CHECK_THAT(error(), Contains("wrong git blob id") && Contains("expected " + file.git_blob));
  CHECK_THAT(error_of([&] { check_file(spec, file, folder / "data/t/t.txt"); }),
             Contains("wrong git blob id"));
  write(folder / "data/t/t.txt", text + "a");
  CHECK_THAT(error(), Contains("file is too long"));
}

TEST_CASE("a description of text is checked", "[data]") {
  const std::string yaml = text_yaml("abc");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = yaml;
    changed.replace(changed.find(from), from.size(), to);
    return error_of([&] { parse(changed); });
  };
  CHECK_THAT(with("test: 10", "test: 11"), Contains("does not make 100 percent"));
  CHECK_THAT(with("vocabulary: 23\n", ""), Contains("'vocabulary' is missing"));
  CHECK_THAT(with("role: text", "role: train"), Contains("no file with role 'text'"));
  CHECK_THAT(with("vocabulary: 23", "classes: 23"), Contains("vocabulary"));
  CHECK_THAT(with("title: T\n", "title: T\nshape: [1, 2, 3]\n"), Contains("unknown key 'shape'"));
}

}  // namespace laq::data
